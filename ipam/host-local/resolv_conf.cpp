#include "resolv_conf.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace patchbay::hostlocal {

namespace {

constexpr std::string_view kSpace = " \t\r\v\f";

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return line;
}

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> words;
  for (auto begin = line.find_first_not_of(kSpace); begin != std::string_view::npos;) {
    const auto end = line.find_first_of(kSpace, begin);
    words.emplace_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(kSpace, end);
  }
  return words;
}

/// The result is printed as JSON, which has no room for stray bytes.
bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void apply(const std::vector<std::string>& words, cni::Dns& dns) {
  const auto append = [&](std::vector<std::string>& list) {
    list.insert(list.end(), words.begin() + 1, words.end());
  };
  if (words.front() == "nameserver") {
    dns.nameservers.push_back(words[1]);
  } else if (words.front() == "domain") {
    dns.domain = words[1];
  } else if (words.front() == "search") {
    append(dns.search);
  } else if (words.front() == "options") {
    append(dns.options);
  }
}

}  // namespace

cni::Dns read_resolv_conf(const std::string& path) {
  const auto text = find_file(path);
  if (!text) {
    throw Error{
        ErrorCode::invalid_config,
        "ipam.resolvConf: " + quote(path) + " must be a file that exists"};
  }
  cni::Dns dns;
  std::string_view rest{*text};
  while (!rest.empty()) {
    const auto words = split(take_line(rest));
    if (words.size() < 2 || words.front().front() == '#' || words.front().front() == ';') {
      continue;
    }
    for (const auto& word : words) {
      if (!is_printable(word)) {
        throw Error{
            ErrorCode::invalid_config,
            "ipam.resolvConf: " + quote(path) + " must be printable ASCII, but has " + quote(word)};
      }
    }
    apply(words, dns);
  }
  return dns;
}

}  // namespace patchbay::hostlocal
