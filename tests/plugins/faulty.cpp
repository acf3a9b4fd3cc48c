// Kernels that fail in every way that users meet.
#include <rankine/kernel.hpp>

#include <stdexcept>

namespace {

using rankine::KernelCall;

void throws_in_one_block(const KernelCall& call) {
  const auto in = call.input<double>();
  const auto out = call.output<double>();
  for (std::int64_t i = 0; i < out.size(); ++i) {
    if (in[i] == call.parameter("bad")) throw std::runtime_error("the value " + std::to_string(in[i]) + " is too hot");
    out[i] = in[i];
  }
}

void crashes(const KernelCall& call) {
  volatile int* nowhere = nullptr;
  *nowhere = call.input_count();
}

}  // namespace

RANKINE_PLUGIN(faulty) {
  plugin.map<throws_in_one_block>("throws", {.parameters = {{"bad", 3}}});
  plugin.map<crashes>("crashes");
}
