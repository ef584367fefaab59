#include "xdp/program.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

#include <sys/syscall.h>

#include "base/error.h"

namespace patchbay::xdp {

namespace {

// Registers. The kernel passes the context in the first and takes the verdict from register 0.
constexpr std::uint8_t kVerdict = BPF_REG_0;
constexpr std::uint8_t kContext = BPF_REG_1;
constexpr std::uint8_t kCursor = BPF_REG_2;
constexpr std::uint8_t kEnd = BPF_REG_3;
constexpr std::uint8_t kValue = BPF_REG_4;
constexpr std::uint8_t kScratch = BPF_REG_5;

int call_bpf(bpf_cmd command, bpf_attr& attributes) {
  return static_cast<int>(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

std::uint64_t address_of(const void* pointer) {
  return reinterpret_cast<std::uintptr_t>(pointer);
}

std::uint8_t size_code(int size) {
  switch (size) {
    case 1:
      return BPF_B;
    case 2:
      return BPF_H;
    default:
      return BPF_W;
  }
}

int load_program(const std::vector<bpf_insn>& code, std::uint32_t flags) {
  constexpr const char* kName = "patchbay";
  constexpr const char* kLicence = "Apache-2.0";
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_XDP;
  attributes.insns = address_of(code.data());
  attributes.insn_cnt = static_cast<std::uint32_t>(code.size());
  attributes.license = address_of(kLicence);
  attributes.prog_flags = flags;
  std::memcpy(attributes.prog_name, kName, std::strlen(kName));
  return call_bpf(BPF_PROG_LOAD, attributes);
}

}  // namespace

Program::Program() : drop_{label()} {
  add(BPF_LDX | BPF_MEM | BPF_W, kCursor, kContext, offsetof(xdp_md, data), 0);
  add(BPF_LDX | BPF_MEM | BPF_W, kEnd, kContext, offsetof(xdp_md, data_end), 0);
}

void Program::add(
    std::uint8_t code, std::uint8_t to, std::uint8_t from, std::int16_t offset, int value) {
  bpf_insn instruction{};
  instruction.code = code;
  instruction.dst_reg = to & 0xfU;
  instruction.src_reg = from & 0xfU;
  instruction.off = offset;
  instruction.imm = value;
  code_.push_back(instruction);
}

Program::Label Program::label() {
  places_.push_back(0);
  return {places_.size() - 1};
}

void Program::place(Label label) {
  places_[label.number] = code_.size();
}

void Program::note_jump(Label target) {
  jumps_.push_back({code_.size(), target.number});
}

void Program::require(int size) {
  add(BPF_ALU64 | BPF_MOV | BPF_X, kScratch, kCursor, 0, 0);
  add(BPF_ALU64 | BPF_ADD | BPF_K, kScratch, 0, 0, size);
  note_jump(drop_);
  add(BPF_JMP | BPF_JGT | BPF_X, kScratch, kEnd, 0, 0);
}

void Program::advance(int bytes) {
  add(BPF_ALU64 | BPF_ADD | BPF_K, kCursor, 0, 0, bytes);
}

void Program::load(int offset, int size) {
  add(BPF_LDX | BPF_MEM | size_code(size), kValue, kCursor, static_cast<std::int16_t>(offset), 0);
}

/// 32-bit comparison (kernel 5.1): a 64-bit one would extend the sign of `value`.
void Program::compare(std::uint8_t operation, std::uint32_t value, Label target) {
  note_jump(target);
  add(BPF_JMP32 | operation | BPF_K, kValue, 0, 0, static_cast<int>(value));
}

void Program::jump(Label target) {
  note_jump(target);
  add(BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

void Program::finish(Verdict verdict) {
  add(BPF_ALU64 | BPF_MOV | BPF_K, kVerdict, 0, 0, static_cast<int>(verdict));
  add(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

void Program::jump_unless_bytes(int offset, const std::vector<std::uint8_t>& bytes, Label other) {
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t size = bytes.size() - done >= 4 ? 4 : bytes.size() - done >= 2 ? 2 : 1;
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + done, size);
    load(offset + static_cast<int>(done), static_cast<int>(size));
    jump_unless_equal(value, other);
    done += size;
  }
}

/// The label that frames too short for the program go to is at the end.
std::vector<bpf_insn> Program::resolved() const {
  Program whole = *this;
  whole.place(drop_);
  whole.finish(Verdict::drop);
  for (const auto& [instruction, label] : whole.jumps_) {
    whole.code_[instruction].off =
        static_cast<std::int16_t>(whole.places_[label] - instruction - 1);
  }
  return whole.code_;
}

/// With the flag, frames in fragments need not be copied together (kernel 5.18).
UniqueFd Program::load_into_kernel() const {
  constexpr std::uint32_t kHasFragments = 1U << 5;  // BPF_F_XDP_HAS_FRAGS, linux/bpf.h
  const auto code = resolved();
  int fd = load_program(code, kHasFragments);
  if (fd < 0 && errno == EINVAL) {
    fd = load_program(code, 0);
  }
  if (fd < 0) {
    throw SystemError{errno, "load a BPF program that guards a port"};
  }
  return UniqueFd{fd};
}

std::string tag_of(const UniqueFd& program) {
  bpf_prog_info info{};
  bpf_attr attributes{};
  attributes.info.bpf_fd = static_cast<std::uint32_t>(program.get());
  attributes.info.info_len = sizeof info;
  attributes.info.info = address_of(&info);
  if (call_bpf(BPF_OBJ_GET_INFO_BY_FD, attributes) != 0) {
    throw SystemError{errno, "ask about a BPF program"};
  }
  return {reinterpret_cast<const char*>(info.tag), sizeof info.tag};
}

std::string find_tag(std::uint32_t id) {
  bpf_attr attributes{};
  attributes.prog_id = id;
  const UniqueFd program{call_bpf(BPF_PROG_GET_FD_BY_ID, attributes)};
  return program ? tag_of(program) : std::string{};
}

}  // namespace patchbay::xdp
