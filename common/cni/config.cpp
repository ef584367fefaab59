#include "cni/config.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cni/json.h"

namespace patchbay::cni {

namespace {

MacAddr parse_mac(const std::string& text, const std::string& source, ErrorCode code) {
  try {
    return MacAddr::parse(text);
  } catch (const Error& e) {
    throw Error{code, source + ": " + e.what()};
  }
}

}  // namespace

Config Config::parse(std::string bytes) {
  Config config;
  config.document_ = parse_json(bytes, "network configuration");
  config.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  return config;
}

void Config::read(const Keys::Member& declare) const {
  Keys keys = Keys::reading(document_.get(), {});
  declare(keys);
}

std::optional<Result> Config::previous_result(Version version) const {
  const auto* previous = find_member(*document_, "prevResult");
  if (previous == nullptr) {
    return std::nullopt;
  }
  if (!previous->is_object()) {
    throw Error{
        ErrorCode::decoding_failure, "prevResult: " + excerpt(*previous) + " must be an object"};
  }
  return parse_result(*previous, version, "prevResult");
}

void MacRequest::declare(Keys& keys) {
  keys.object(
      "args",
      [&](Keys& outer) {
        outer.object(
            "cni",
            [&](Keys& inner) { inner.text("mac", args, "MAC address of the container's end"); },
            "arguments for any plugin");
      },
      "arguments from the network's author or the runtime");
  keys.object(
      "runtimeConfig",
      [&](Keys& nested) {
        nested.text("mac", runtime, "MAC address of the container's end; wins");
      },
      "set by the runtime for declared capabilities");
}

std::optional<MacAddr> MacRequest::resolve(const Args& cni_args) const {
  if (!runtime.empty()) {
    return parse_mac(runtime, "runtimeConfig.mac", ErrorCode::invalid_config);
  }
  if (!args.empty()) {
    return parse_mac(args, "args.cni.mac", ErrorCode::invalid_config);
  }
  const auto from_environment = cni_args.find("MAC");
  if (from_environment && !from_environment->empty()) {
    return parse_mac(*from_environment, "CNI_ARGS MAC", ErrorCode::invalid_environment);
  }
  return std::nullopt;
}

}  // namespace patchbay::cni
