#include "nft/owned_set.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "base/error.h"
#include "netlink/attribute.h"

namespace patchbay::nft {

namespace {

/// Each message of a transaction is answered, and all answers wait in the socket's receive buffer.
constexpr std::size_t kLargestBatch = 32;
constexpr std::uint8_t kCommentType = 0;  // NFTNL_UDATA_SET_ELEM_COMMENT

void put_comment(nl::Message& message, std::string_view label) {
  if (label.empty()) {
    return;
  }
  std::string data;
  data += static_cast<char>(kCommentType);
  data += static_cast<char>(label.size() + 1);
  data += label;
  data += '\0';
  message.put_bytes(NFTA_SET_ELEM_USERDATA, data.data(), data.size());
}

/// `whole`: with the comment, as a new element needs it; a deletion names the key alone.
Fill element_message(const std::string& set, const Element& element, bool whole) {
  return [&set, &element, whole](nl::Message& message) {
    message.put_text(NFTA_SET_ELEM_LIST_TABLE, kTable);
    message.put_text(NFTA_SET_ELEM_LIST_SET, set);
    const auto list = message.nest(NFTA_SET_ELEM_LIST_ELEMENTS);
    const auto nest = message.nest(NFTA_LIST_ELEM);
    {
      const auto key = message.nest(NFTA_SET_ELEM_KEY);
      message.put_bytes(NFTA_DATA_VALUE, element.key.data(), element.key.size());
    }
    if (whole) {
      put_comment(message, element.label);
    }
  };
}

/// The comment among the type-length-value records of an element's userdata.
std::string comment_in(std::string_view records) {
  while (records.size() >= 2) {
    const auto type = static_cast<std::uint8_t>(records[0]);
    const auto length = static_cast<std::uint8_t>(records[1]);
    const auto value = records.substr(2, length);
    if (type == kCommentType) {
      return std::string{value.substr(0, value.find('\0'))};
    }
    records.remove_prefix(std::min<std::size_t>(records.size(), 2U + length));
  }
  return {};
}

std::string_view bytes_of(nlattr* attribute) {
  return {
      static_cast<const char*>(::nla_data(attribute)),
      static_cast<std::size_t>(::nla_len(attribute))};
}

std::string nested_value(nlattr* nest) {
  auto* value =
      ::nla_find(static_cast<nlattr*>(::nla_data(nest)), ::nla_len(nest), NFTA_DATA_VALUE);
  return value == nullptr ? std::string{} : std::string{bytes_of(value)};
}

Element parse_element(nlattr* nest) {
  std::array<nlattr*, NFTA_SET_ELEM_MAX + 1> attributes{};
  ::nla_parse_nested(attributes.data(), NFTA_SET_ELEM_MAX, nest, nullptr);
  Element element;
  if (attributes[NFTA_SET_ELEM_KEY] != nullptr) {
    element.key = nested_value(attributes[NFTA_SET_ELEM_KEY]);
  }
  if (attributes[NFTA_SET_ELEM_USERDATA] != nullptr) {
    element.label = comment_in(bytes_of(attributes[NFTA_SET_ELEM_USERDATA]));
  }
  return element;
}

void parse_elements(const nlmsghdr& reply, std::vector<Element>& elements) {
  auto* raw = const_cast<nlmsghdr*>(&reply);  // libnl's parsers do not write
  auto* list = ::nlmsg_find_attr(raw, sizeof(nfgenmsg), NFTA_SET_ELEM_LIST_ELEMENTS);
  if (list == nullptr) {
    return;
  }
  int left = 0;
  nlattr* entry = nullptr;
  nla_for_each_nested(entry, list, left) {
    elements.push_back(parse_element(entry));
  }
}

/// No such table, set, chain or element; or a kernel without nf_tables at all.
bool is_absence(int error) {
  return error == ENOENT || error == EOPNOTSUPP || error == EPROTONOSUPPORT;
}

}  // namespace

bool OwnedSet::add(const Element& element) {
  Batch batch{family_};
  batch.add(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, element_message(name_, element, true));
  nl::Refusal refusal = batch.commit(connection_);
  if (refusal.error == EEXIST) {
    Batch replacing{family_};
    replacing.add(NFT_MSG_DELSETELEM, 0, element_message(name_, element, false));
    replacing.add(
        NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, element_message(name_, element, true));
    refusal = replacing.commit(connection_);
  }
  if (refusal && refusal.error != ENOENT) {
    refusal.raise("add an element to nftables set " + quote(name_));
  }
  return !refusal;
}

std::optional<Element> OwnedSet::find(std::string_view key) {
  const Element wanted{std::string{key}, {}};
  std::vector<Element> found;
  const auto message =
      query_message(family_, NFT_MSG_GETSETELEM, element_message(name_, wanted, false));
  const nl::Refusal refusal = connection_.socket().query(
      message, [&](const nlmsghdr& reply) { parse_elements(reply, found); });
  if (refusal && !is_absence(refusal.error)) {
    refusal.raise("look up an element of nftables set " + quote(name_));
  }
  return found.empty() ? std::nullopt : std::optional{std::move(found.front())};
}

std::vector<Element> OwnedSet::list() {
  std::vector<Element> elements;
  const auto message = query_message(family_, NFT_MSG_GETSETELEM, [&](nl::Message& fill) {
    fill.put_text(NFTA_SET_ELEM_LIST_TABLE, kTable);
    fill.put_text(NFTA_SET_ELEM_LIST_SET, name_);
  });
  const int error = connection_.socket().try_gather(
      message, [&](const nlmsghdr& reply) { parse_elements(reply, elements); });
  if (error != 0 && !is_absence(error)) {
    throw SystemError{error, "list the elements of nftables set " + quote(name_)};
  }
  return elements;
}

nl::Refusal OwnedSet::commit_removal(std::span<const Element> elements) {
  Batch batch{family_};
  for (const auto& element : elements) {
    batch.add(NFT_MSG_DELSETELEM, 0, element_message(name_, element, false));
  }
  return batch.commit(connection_);
}

bool OwnedSet::remove(std::string_view key, std::string_view label) {
  const auto element = find(key);
  if (!element || element->label != label) {
    return false;
  }
  const nl::Refusal refusal = commit_removal({&*element, 1});
  if (refusal && !is_absence(refusal.error)) {
    refusal.raise("delete an element of nftables set " + quote(name_));
  }
  return !refusal;
}

/// One by one when somebody else removes one of them meanwhile: an absent element fails a batch.
void OwnedSet::remove_all(std::span<const Element> elements) {
  if (!commit_removal(elements)) {
    return;
  }
  for (const auto& element : elements) {
    remove(element.key, element.label);
  }
}

std::vector<Element> OwnedSet::choose(const std::function<bool(const Element&)>& stale) {
  auto elements = list();
  elements.erase(
      std::remove_if(elements.begin(), elements.end(), [&](const Element& e) { return !stale(e); }),
      elements.end());
  return elements;
}

/// Now and then a dump misses an element, unmarked, because the kernel is just resizing its hash
/// table (seen with 8 concurrent DELs on Linux 6.18, 3 times in 6,000): so there is a second look.
void OwnedSet::remove_if(const std::function<bool(const Element&)>& stale) {
  for (int look = 0; look < 2; ++look) {
    const auto elements = choose(stale);
    for (std::span<const Element> rest{elements}; !rest.empty();) {
      const auto batch = rest.first(std::min(rest.size(), kLargestBatch));
      remove_all(batch);
      rest = rest.subspan(batch.size());
    }
  }
}

std::vector<std::string> list_sets(Connection& connection, Family family) {
  std::vector<std::string> names;
  const auto message = query_message(
      family, NFT_MSG_GETSET, [](nl::Message& fill) { fill.put_text(NFTA_SET_TABLE, kTable); });
  const int error = connection.socket().try_gather(message, [&](const nlmsghdr& reply) {
    auto* raw = const_cast<nlmsghdr*>(&reply);  // libnl's parsers do not write
    names.push_back(nl::text_in(::nlmsg_find_attr(raw, sizeof(nfgenmsg), NFTA_SET_NAME)));
  });
  if (error != 0 && !is_absence(error)) {
    throw SystemError{error, "list the sets of nftables table " + quote(kTable)};
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace patchbay::nft
