#include "ovsdb/certificates.h"

#include "support/shell.h"

namespace patchbay::test {

namespace {

constexpr const char* kNewKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

}  // namespace

void Certificates::make_authority(const std::string& name) const {
  shell(
      "cd " + files_.path() + " && openssl req -x509 " + kNewKey + " -subj /CN=" + name +
      " -days 2 -keyout " + name + ".key -out " + name + ".pem");
}

void Certificates::issue(const std::string& name, const std::string& authority) const {
  shell(
      "cd " + files_.path() + " && openssl req " + kNewKey + " -subj /CN=" + name + " -keyout " +
      name + ".key -out " + name + ".csr && openssl x509 -req -in " + name + ".csr -CA " +
      authority + ".pem -CAkey " + authority + ".key -CAcreateserial -days 2 -out " + name +
      ".pem");
}

}  // namespace patchbay::test
