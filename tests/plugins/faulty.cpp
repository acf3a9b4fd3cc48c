// Kernels that fail in every way that users meet.
#include <rankine/kernel.hpp>

#include <cstdio>
#include <cstdlib>
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

/// Crashes where no file of that name is, and leaves one there: so once.
void crashes_once(const KernelCall& call) {
  const auto in = call.input<double>();
  const auto out = call.output<double>();
  const std::string mark(call.text("mark"));
  if (FILE* file = std::fopen(mark.c_str(), "r")) {
    std::fclose(file);
  } else {
    std::fclose(std::fopen(mark.c_str(), "w"));
    std::abort();
  }
  for (std::int64_t i = 0; i < out.size(); ++i) out[i] = in[i] + 1;
}

void exits(const KernelCall&) { std::exit(7); }

}  // namespace

RANKINE_PLUGIN(faulty) {
  plugin.map<throws_in_one_block>("throws", {.parameters = {{"bad", 3}}});
  plugin.map<crashes>("crashes");
  plugin.map<crashes_once>("crashes_once", {.parameters = {{"mark", 0}}});
  plugin.map<exits>("exits");
}
