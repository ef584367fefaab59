#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <linux/bpf.h>

#include "base/unique_fd.h"

namespace patchbay::xdp {

/// What becomes of a frame.
enum class Verdict : std::int32_t { drop = XDP_DROP, pass = XDP_PASS };

/// A program under construction. It looks at a frame through a cursor, which starts at the first
/// byte and only moves forward; to look beyond the end of the frame drops it. Offsets are from the
/// cursor, values as they are in the frame, in network order.
class Program {
 public:
  /// A place to jump to, ahead of the jump.
  struct Label {
    std::size_t number;
  };

  Program();

  Label label();
  /// The label is here.
  void place(Label label);

  /// From here on the frame must have `size` bytes after the cursor.
  void require(int size);
  /// Moves the cursor, whose new place has been required.
  void advance(int bytes);
  /// Loads 1, 2 or 4 bytes; the comparisons that follow are about them.
  void load(int offset, int size);
  void jump_if_equal(std::uint32_t value, Label target) { compare(BPF_JEQ, value, target); }
  void jump_unless_equal(std::uint32_t value, Label target) { compare(BPF_JNE, value, target); }
  void jump(Label target);
  void finish(Verdict verdict);

  /// Goes to `other` unless these bytes are at `offset`.
  void jump_unless_bytes(int offset, const std::vector<std::uint8_t>& bytes, Label other);

  /// Hands it to the kernel. Throws SystemError.
  [[nodiscard]] UniqueFd load_into_kernel() const;

 private:
  struct Jump {
    std::size_t instruction;
    std::size_t label;
  };

  void add(std::uint8_t code, std::uint8_t to, std::uint8_t from, std::int16_t offset, int value);
  void compare(std::uint8_t operation, std::uint32_t value, Label target);
  void note_jump(Label target);
  [[nodiscard]] std::vector<bpf_insn> resolved() const;

  std::vector<bpf_insn> code_;
  std::vector<Jump> jumps_;
  std::vector<std::size_t> places_;
  Label drop_;
};

/// The kernel's digest of a program's instructions: equal programs have equal tags. Throws
/// SystemError.
std::string tag_of(const UniqueFd& program);
/// The same for the program with this number; empty when there is none.
std::string find_tag(std::uint32_t id);

}  // namespace patchbay::xdp
