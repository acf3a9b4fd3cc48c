#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "kernel/user_kernel.hpp"

namespace rankine::runtime {

/// A call of a user kernel laid out in memory that two processes share: what is called and with what, then the
/// elements of inputs and output, each at a multiple of 64 bytes.
class KernelCallLayout {
 public:
  KernelCallLayout(const kernel::UserKernel& kernel, kernel::UserStage stage, const rankine_kernel_call& call);
  std::size_t bytes() const { return bytes_; }
  /// All but the output's elements.
  void write_call(std::span<std::byte> shared) const;
  /// The output's elements and the message, into where the caller wants them.
  void read_result(std::span<const std::byte> shared) const;

 private:
  const rankine_kernel_call& call_;
  std::vector<std::byte> head_;
  std::vector<std::size_t> offsets_;  ///< of the inputs' elements, then of the output's
  std::size_t bytes_ = 0;
};

/// The other side: the call with its arrays in `shared`, which must outlive it.
class SharedKernelCall {
 public:
  /// Throws DecodeError for memory that holds no call.
  explicit SharedKernelCall(std::span<std::byte> shared);
  SharedKernelCall(const SharedKernelCall&) = delete;
  SharedKernelCall& operator=(const SharedKernelCall&) = delete;
  const std::string& kernel() const { return kernel_; }
  kernel::UserStage stage() const { return stage_; }
  const rankine_kernel_call& call() const { return call_; }

 private:
  struct Array {
    std::string dtype;
    std::vector<std::int64_t> shape, origin, before, after;
    rankine_kernel_array view{};
  };
  struct Parameter {
    std::string name, text;
    bool is_text = false;
    double number = 0;
  };
  std::string kernel_;
  kernel::UserStage stage_ = kernel::UserStage::map;
  std::vector<Array> arrays_;  ///< inputs, then the output
  std::vector<rankine_kernel_array> inputs_;
  std::vector<Parameter> parameters_;
  std::vector<rankine_kernel_parameter> given_;
  rankine_kernel_call call_{};
};

}  // namespace rankine::runtime
