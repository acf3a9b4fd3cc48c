#include "runtime/kernel_call_frame.hpp"

#include <catch2/catch.hpp>

#include "base/byte_stream.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

/// A call with an input of two dims, one without elements, a number and a text.
struct Call {
  std::vector<double> values{1, 2, 3, 4, 5, 6};
  std::vector<std::int16_t> result = std::vector<std::int16_t>(4, -1);
  std::int64_t shape[2] = {2, 3}, origin[2] = {-1, 10}, before[2] = {1, 0}, after[2] = {0, 1};
  std::int64_t none[1] = {0}, zero[1] = {0};
  std::int64_t result_shape[1] = {4}, result_origin[1] = {7}, no_halo[1] = {0};
  rankine_kernel_array inputs[2] = {{values.data(), "float64", 2, shape, origin, before, after},
                                    {nullptr, "bool", 1, none, zero, zero, zero}};
  rankine_kernel_array output{result.data(), "int16", 1, result_shape, result_origin, no_halo, no_halo};
  rankine_kernel_parameter parameters[2] = {{"alpha", 0.25, nullptr}, {"mode", 0, "wrap"}};
  char message[32] = "";
  rankine_kernel_call call{2, inputs, &output, 2, parameters, message, sizeof message};
};

kernel::UserKernel named(const char* module, const char* name) {
  kernel::UserKernel kernel;
  kernel.module = module;
  kernel.name = name;
  return kernel;
}

}  // namespace

TEST_CASE("a kernel's call reads the same in the other process, and its result comes back") {
  Call given;
  const KernelCallLayout layout(named("heat", "step"), kernel::UserStage::combine, given.call);
  std::vector<std::byte> memory(layout.bytes(), std::byte{0xee});
  layout.write_call(memory);
  {
    const SharedKernelCall there(memory);
    CHECK(there.kernel() == "heat.step");
    CHECK(there.stage() == kernel::UserStage::combine);
    const rankine_kernel_call& call = there.call();
    REQUIRE(call.input_count == 2);
    const rankine_kernel_array& input = call.inputs[0];
    CHECK(std::string(input.dtype) == "float64");
    CHECK(std::vector(input.shape, input.shape + input.ndim) == std::vector<std::int64_t>{2, 3});
    CHECK(std::vector(input.origin, input.origin + 2) == std::vector<std::int64_t>{-1, 10});
    CHECK(std::vector(input.before, input.before + 2) == std::vector<std::int64_t>{1, 0});
    CHECK(std::vector(input.after, input.after + 2) == std::vector<std::int64_t>{0, 1});
    const auto* values = static_cast<const double*>(input.data);
    CHECK(std::vector(values, values + 6) == given.values);
    CHECK(call.inputs[1].shape[0] == 0);
    REQUIRE(call.parameter_count == 2);
    CHECK(std::string(call.parameters[0].name) == "alpha");
    CHECK(call.parameters[0].number == 0.25);
    CHECK(call.parameters[0].text == nullptr);
    CHECK(std::string(call.parameters[1].text) == "wrap");
    CHECK(call.output->origin[0] == 7);
    auto* result = static_cast<std::int16_t*>(call.output->data);
    for (std::int16_t i = 0; i < 4; ++i) result[i] = static_cast<std::int16_t>(10 * i);
    std::snprintf(call.message, call.message_size, "not so hot");
  }
  layout.read_result(memory);
  CHECK(given.result == std::vector<std::int16_t>{0, 10, 20, 30});
  CHECK(std::string(given.message) == "not so hot");
}

TEST_CASE("memory that holds no call of a kernel is refused, wherever it is cut or changed") {
  Call given;
  const KernelCallLayout layout(named("", "own"), kernel::UserStage::map, given.call);
  std::vector<std::byte> memory(layout.bytes());
  layout.write_call(memory);
  const std::size_t elements = layout.bytes() - 64;  // the result's, which end it
  for (std::size_t cut = 0; cut < elements; cut += 8) {
    std::vector<std::byte> part(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(cut));
    CHECK_THROWS_AS(SharedKernelCall(part), Error);
  }
  for (std::size_t at = 0; at < 6 * sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    auto changed = memory;
    for (std::size_t i = 0; i < sizeof(std::uint64_t); ++i) changed[at + i] = std::byte{0xff};
    CHECK_THROWS_AS(SharedKernelCall(changed), Error);
  }
}
