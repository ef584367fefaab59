#pragma once

#include "ovsdb/port.h"

/// How a port's rows are found; for the .cpp files of this folder.
namespace patchbay::ovsdb {

/// The identities of an owner's rows.
struct Identities {
  explicit Identities(const Owner& owner) : port{Uuid::derive("port", owner.label())}, interface {
    Uuid::derive("interface", owner.label())
  }, qos{Uuid::derive("qos", owner.label())}, queue{Uuid::derive("queue", owner.label())} {
  }

  Uuid port;
  Uuid interface;
  Uuid qos;
  Uuid queue;
};

/// Every row of the owner, by its mark: for servers that have chosen the identities themselves.
Where of_owner(const Owner& owner);

}  // namespace patchbay::ovsdb
