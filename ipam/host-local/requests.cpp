// Which address that somebody asked for is served by which range set.

#include <algorithm>

#include "base/error.h"
#include "config.h"

namespace patchbay::hostlocal {

namespace {

std::optional<IpAddr> requested_by_environment(const cni::Args& args) {
  const auto text = args.find("IP");
  if (!text || text->empty()) {
    return std::nullopt;
  }
  const auto address = IpAddr::find(std::string_view{*text}.substr(0, text->find('/')));
  if (!address) {
    throw Error{
        ErrorCode::invalid_environment, "CNI_ARGS: IP " + quote(*text) + " must be an IP address"};
  }
  return address;
}

/// All that are asked for, each once.
std::vector<IpAddr> list_requested(const Config& config, const cni::Args& args) {
  std::vector<IpAddr> all;
  if (const auto address = requested_by_environment(args)) {
    all.push_back(*address);
  }
  for (const IpAddr& address : config.requested) {
    if (std::find(all.begin(), all.end(), address) == all.end()) {
      all.push_back(address);
    }
  }
  return all;
}

void check_gateway(const RangeSet& set, const IpAddr& address) {
  if (address == set.find(address)->gateway) {
    throw Error{
        ErrorCode::invalid_config,
        "requested ip " + address.str() + " is subnet's gateway (range set " + set.str() + ")"};
  }
}

}  // namespace

std::vector<std::optional<IpAddr>> assign_requests(const Config& config, const cni::Args& args) {
  std::vector<IpAddr> open = list_requested(config, args);
  std::vector<std::optional<IpAddr>> assigned;
  for (const RangeSet& set : config.sets) {
    const auto match = std::find_if(open.begin(), open.end(), [&](const IpAddr& address) {
      return set.find(address) != nullptr;
    });
    assigned.emplace_back();
    if (match != open.end()) {
      check_gateway(set, *match);
      assigned.back() = *match;
      open.erase(match);
    }
  }
  if (!open.empty()) {
    std::string message = "failed to allocate all requested IPs:";
    for (const IpAddr& address : open) {
      message += " " + address.str();
    }
    throw Error{ErrorCode::invalid_config, message};
  }
  return assigned;
}

}  // namespace patchbay::hostlocal
