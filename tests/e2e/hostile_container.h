#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "e2e/network.h"
#include "support/dump.h"

/// Containers that control their own namespaces, against all that others have.
namespace patchbay::test {

/// What becomes of the container c1 after its ADD. Besides c1 there are its second namespace, sub;
/// c2, attached to the same network; and c3, which somebody else has connected: "other0" on the
/// host, eth0 in c3, no mark. Then c1 is shown at its path or, by some attacks, something else.
struct Attack {
  const char* name;
  const char* script;    ///< Shell, on the host; see the functions in hostile_container.cpp.
  bool refused = false;  ///< DEL and CHECK answer with error 8.
  /// Only with a prevResult DEL can know better than the path.
  bool needs_result = false;
};
void PrintTo(const Attack& attack, std::ostream* out);

const std::vector<Attack>& attacks();
/// For the name of a parametrised test.
std::string name_of_attack(const testing::TestParamInfo<Attack>& info);
/// Lets the container c1 do its worst.
void attack(const Attack& attack);
/// Takes back what an attack has put at the path of c1.
void clear_path();

/// `Base` is a PluginTest.
template <typename Base>
class HostileContainerTest : public Base, public testing::WithParamInterface<Attack> {
 protected:
  void SetUp() override {
    Base::SetUp();
    if (this->IsSkipped() || this->HasFatalFailure()) {
      return;
    }
    this->destroy_namespace("c1");
    this->destroy_namespace("c2");
    this->make_namespace("c2");
    this->make_namespace("c3");
    shell("ip link add other0 up type veth peer name eth0 netns c3 && ip -n c3 link set eth0 up");
    (void)this->attach(config(), container_called("c2"));
  }

  [[nodiscard]] virtual json config() const = 0;
  /// The host's part of everything().
  [[nodiscard]] virtual std::string host() const { return dump(); }

  /// The host, c2 and c3.
  [[nodiscard]] std::string world() const {
    std::string text = host();
    for (const char* name : {"c2", "c3"}) {
      const netns::ScopedNetns inside{Base::open_namespace(name)};
      text += "== " + std::string{name} + "\n" + dump_network();
    }
    return text;
  }

  /// Attaches c1, lets it attack and runs `command`; `knows` says whether the runtime gives a
  /// prevResult. Afterwards all is as it was before ADD or, when nothing is to be freed, as it was
  /// before the command.
  void withstand(const std::string& command, bool knows) {
    SCOPED_TRACE(command + (knows ? " with" : " without") + " prevResult");
    this->make_namespace("c1");
    this->make_namespace("sub");
    const std::string before_add = world();
    const json result = this->attach(config());
    attack(GetParam());
    const bool refused = GetParam().refused && command != "GC";
    const bool frees = !refused && command != "CHECK";
    const std::string before = frees ? before_add : world();
    json request = knows ? Base::with_previous(config(), result) : config();
    request["cni.dev/valid-attachments"] = {{{"containerID", "c2"}, {"ifname", "eth0"}}};

    const Answer answer = this->run(command, request);

    EXPECT_EQ(answer.code() == 8U, refused) << answer.output;
    EXPECT_TRUE(command == "CHECK" || answer.ok() != refused) << answer.output << answer.errors;
    if (frees) {
      clear_path();
    }
    EXPECT_TRUE(is_same(before, world()));
    if (!frees) {
      clear_path();
      this->detach(config());
      EXPECT_TRUE(is_same(before_add, world()));
    }
    this->destroy_namespace("c1");
    this->destroy_namespace("sub");
  }

  void withstand_every_command() {
    withstand("DEL", true);
    if (!GetParam().needs_result) {
      withstand("DEL", false);
    }
    withstand("CHECK", true);
    withstand("GC", false);
  }
};

}  // namespace patchbay::test
