#include "patchbay/output.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "cni/result.h"
#include "cni/version.h"

namespace patchbay::runner {

namespace {

using nlohmann::json;

using Row = std::vector<std::string>;

std::string pretty(const json& value) {
  return value.dump(4, ' ', false, json::error_handler_t::replace) + "\n";
}

/// Columns as wide as their widest cell.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      text += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    text += row.back() + "\n";
  }
  return text;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : ",") + word;
  }
  return text;
}

/// The addresses in a result. None of one that nobody can read: it is shown, not used.
std::vector<cni::IpConfig> addresses_in(const std::string& result) {
  try {
    return cni::parse_result(
               std::string_view{result}, cni::Version::newest(), std::string{"result"})
        .ips;
  } catch (const Error&) {
    return {};
  }
}

std::vector<std::string> address_texts(const CacheEntry& entry) {
  std::vector<std::string> texts;
  for (const auto& ip : addresses_in(entry.result)) {
    texts.push_back(ip.address.str());
  }
  return texts;
}

std::vector<std::string> types_of(const NetworkList& list) {
  std::vector<std::string> types;
  for (std::size_t plugin = 0; plugin < list.plugins.size(); ++plugin) {
    types.push_back(list.type(plugin));
  }
  return types;
}

json to_json(const CacheEntry& entry) {
  json object{
      {"network", entry.owner.network},
      {"containerID", entry.owner.container_id},
      {"ifname", entry.owner.ifname},
      {"netns", entry.netns},
      {"addresses", address_texts(entry)}};
  if (!entry.result.empty()) {
    object["result"] = json::parse(entry.result);
  }
  return object;
}

json to_json(const Finding& finding) {
  json object{
      {"file", finding.file},
      {"severity", finding.is_warning ? "warning" : "error"},
      {"message", finding.message}};
  if (finding.place) {
    object["line"] = finding.place->line;
    object["column"] = finding.place->column;
  }
  return object;
}

}  // namespace

std::string print_result(const Owner& owner, const std::string& result, bool as_json) {
  if (as_json) {
    return pretty(json::parse(result));
  }
  std::string text =
      owner.ifname + " of " + owner.container_id + " in network " + owner.network + "\n";
  for (const auto& ip : addresses_in(result)) {
    text += "  " + ip.address.str() + (ip.gateway ? " via " + ip.gateway->str() : "") + "\n";
  }
  return text;
}

std::string print_attachments(const std::vector<CacheEntry>& entries, bool as_json) {
  json list = json::array();
  std::vector<Row> rows{{"NETWORK", "CONTAINER", "INTERFACE", "ADDRESSES", "NETNS"}};
  for (const CacheEntry& entry : entries) {
    const auto addresses = joined(address_texts(entry));
    list.push_back(to_json(entry));
    rows.push_back(
        {entry.owner.network,
         entry.owner.container_id,
         entry.owner.ifname,
         addresses.empty() ? "-" : addresses,
         entry.netns.empty() ? "-" : entry.netns});
  }
  return as_json ? pretty(list) : table(rows);
}

std::string print_networks(const std::vector<NetworkList>& networks, bool as_json) {
  json list = json::array();
  std::vector<Row> rows{{"NETWORK", "VERSION", "PLUGINS", "FILE"}};
  for (const NetworkList& network : networks) {
    const auto types = types_of(network);
    list.push_back(
        {{"network", network.name},
         {"cniVersion", network.version.str()},
         {"plugins", types},
         {"file", network.file}});
    rows.push_back({network.name, std::string{network.version.str()}, joined(types), network.file});
  }
  return as_json ? pretty(list) : table(rows);
}

std::string print_findings(
    const std::vector<std::string>& files, const std::vector<Finding>& findings, bool as_json) {
  json list = json::array();
  std::string text;
  for (const Finding& finding : findings) {
    list.push_back(to_json(finding));
    text += finding.str() + "\n";
  }
  for (const std::string& file : files) {
    const bool works = std::none_of(findings.begin(), findings.end(), [&](const Finding& finding) {
      return finding.examined == file && !finding.is_warning;
    });
    text += works ? file + ": ok\n" : "";
  }
  return as_json ? pretty(list) : text;
}

std::string print_error(const Error& error) {
  json object{
      {"cniVersion", cni::Version::newest().str()},
      {"code", static_cast<unsigned>(error.code())},
      {"msg", error.what()}};
  if (!error.details().empty()) {
    object["details"] = error.details();
  }
  return pretty(object);
}

}  // namespace patchbay::runner
