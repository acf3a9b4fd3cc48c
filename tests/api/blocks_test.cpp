#include <catch2/catch.hpp>

#include <atomic>
#include <cmath>
#include <cstring>

#include "rankine/rankine.hpp"

using namespace rankine;

namespace {

int run_quietly(const std::function<void(Client&)>& pipeline) {
  std::string name = "blocks_test";
  char* argv[] = {name.data(), nullptr};
  return run(1, argv, pipeline, {.threads = 2, .quiet = true});
}

std::vector<double> elements(Client& client, const DataArray& x) { return client.load<double>(x).elements; }

DataArray grid(std::int64_t rows, std::int64_t columns) {
  Values<double> values{{rows, columns}, {}};
  for (std::int64_t i = 0; i < rows * columns; ++i) values.elements.push_back(static_cast<double>((i * 7 + i * i) % 101));
  return DataArray(values, {"y", "x"}, {}, "t");
}

/// What lies at (i, j) of a field whose ends are continued by `boundary`.
double beyond(const std::vector<double>& field, std::int64_t rows, std::int64_t columns, std::int64_t i, std::int64_t j,
              Boundary boundary) {
  const auto along = [&](std::int64_t at, std::int64_t extent) -> std::int64_t {
    if (at >= 0 && at < extent) return at;
    switch (boundary) {
      case Boundary::reflect: return at < 0 ? -1 - at : 2 * extent - 1 - at;
      case Boundary::periodic: return (at + extent) % extent;
      case Boundary::nearest: return at < 0 ? 0 : extent - 1;
      default: return -1;
    }
  };
  const std::int64_t row = along(i, rows), column = along(j, columns);
  return row < 0 || column < 0 ? 99 : field[static_cast<std::size_t>(row * columns + column)];
}

// ---- kernels

void box_sum(const KernelCall& call) {  // of all that the halo shows, whatever its width
  const auto in = call.input<double>();
  const auto out = call.output<double>();
  for (std::int64_t i = 0; i < out.shape[0]; ++i) {
    for (std::int64_t j = 0; j < out.shape[1]; ++j) {
      double sum = 0;
      const std::int64_t top = std::max<std::int64_t>(0, i + in.before[0] - 2), left = std::max<std::int64_t>(0, j + in.before[1] - 1);
      for (std::int64_t k = top; k <= std::min(in.shape[0] - 1, i + in.before[0] + 2); ++k)
        for (std::int64_t l = left; l <= std::min(in.shape[1] - 1, j + in.before[1] + 1); ++l) sum += in(k, l);
      out(i, j) = sum;
    }
  }
}

void where_it_lies(const KernelCall& call) {
  const auto in = call.input<double>();
  const auto out = call.output<double>();
  for (std::int64_t i = 0; i < out.shape[0]; ++i)
    for (std::int64_t j = 0; j < out.shape[1]; ++j)
      out(i, j) = static_cast<double>(1000 * (in.origin[0] + i) + 10 * (in.origin[1] + j)) + (i == 0 && j == 0 ? 1 : 0);
}

void scaled_sum(const KernelCall& call) {
  const auto a = call.input<double>(0);
  const auto b = call.input<double>(1);
  const auto out = call.output<double>();
  for (std::int64_t i = 0; i < out.shape[0]; ++i)
    for (std::int64_t j = 0; j < out.shape[1]; ++j)
      out(i, j) = a(i, j) + call.parameter("factor") * b(b.shape[0] == 1 ? 0 : i, b.shape[1] == 1 ? 0 : j);
}

void extremes(const KernelCall& call) {  // (y, x) -> (y, which): least and greatest of every row
  const auto in = call.input<double>();
  const auto out = call.output<float>();
  for (std::int64_t i = 0; i < out.shape[0]; ++i) {
    double least = in(i, 0), greatest = in(i, 0);
    for (std::int64_t j = 1; j < in.shape[1]; ++j) {
      least = std::min(least, in(i, j));
      greatest = std::max(greatest, in(i, j));
    }
    out(i, 0) = static_cast<float>(least);
    out(i, 1) = static_cast<float>(greatest);
  }
}

void fails(const KernelCall&) { throw std::runtime_error("no convergence"); }

void range_chunk(const KernelCall& call) {
  const auto in = call.input<double>();
  const auto state = call.output<double>();  // (1, columns or 1, 2)
  const std::int64_t columns = state.shape[1];
  for (std::int64_t c = 0; c < columns; ++c) {
    double low = HUGE_VAL, high = -HUGE_VAL;
    for (std::int64_t i = 0; i < in.shape[0]; ++i) {
      for (std::int64_t j = columns == 1 ? 0 : c; j < (columns == 1 ? in.shape[1] : c + 1); ++j) {
        low = std::min(low, in(i, j));
        high = std::max(high, in(i, j));
      }
    }
    state(0, c, 0) = low;
    state(0, c, 1) = high;
  }
}
void range_combine(const KernelCall& call) {
  const auto out = call.output<double>();
  for (std::int64_t i = 0; i < out.size(); i += 2) {
    out[i] = HUGE_VAL;
    out[i + 1] = -HUGE_VAL;
    for (int part = 0; part < call.input_count(); ++part) {
      out[i] = std::min(out[i], call.input<double>(part)[i]);
      out[i + 1] = std::max(out[i + 1], call.input<double>(part)[i + 1]);
    }
  }
}
void range_aggregate(const KernelCall& call) {
  const auto out = call.output<double>();
  for (std::int64_t i = 0; i < out.size(); ++i) out[i] = call.input<double>()[2 * i + 1] - call.input<double>()[2 * i];
}

RANKINE_KERNEL(box_sum);
RANKINE_KERNEL(where_it_lies);
RANKINE_KERNEL(scaled_sum);
RANKINE_KERNEL(extremes, .core_dims = {"x"}, .drop_dims = {"x"}, .new_dims = {{"which", 2}}, .dtype = "float32");
RANKINE_KERNEL(fails);
RANKINE_REDUCTION(value_range, range_chunk, range_combine, range_aggregate, .states = 2);

}  // namespace

TEST_CASE("A kernel over overlapping blocks sees its neighbours and what the boundary says, however the blocks are cut") {
  CHECK(run_quietly([](Client& client) {
    constexpr std::int64_t rows = 13, columns = 9;
    const DataArray field = grid(rows, columns);
    const auto values = elements(client, field);
    for (const Boundary boundary : {Boundary::reflect, Boundary::periodic, Boundary::nearest, Boundary::constant, Boundary::none}) {
      std::vector<double> expected;
      for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
          double sum = 0;
          for (std::int64_t k = i - 2; k <= i + 2; ++k) {
            for (std::int64_t l = j - 1; l <= j + 1; ++l) {
              const bool inside = k >= 0 && k < rows && l >= 0 && l < columns;
              if (inside || boundary != Boundary::none) sum += beyond(values, rows, columns, k, l, boundary);
            }
          }
          expected.push_back(sum);
        }
      }
      for (const std::int64_t chunk : {1, 2, 4, 13}) {
        INFO(name_of(boundary) << ", blocks of " << chunk);
        const DataArray summed = map_overlap("box_sum", {field * 1.0}, {{"y", 2}, {"x", 1}}, boundary,
                                             {.chunks = {{"y", chunk}, {"x", 3}}, .fill = 99.0});
        CHECK(elements(client, summed) == expected);
        // Twice over: the blocks of one are the neighbours of the other.
        const DataArray twice = map_overlap("box_sum", {summed}, {{"y", 2}, {"x", 1}}, boundary, {.chunks = {{"y", 5}}, .fill = 99.0});
        CHECK(client.load<double>(twice.isel({{"y", 6}, {"x", 4}})).elements.size() == 1);
        CHECK(elements(client, twice) ==
              elements(client, map_overlap("box_sum", {summed}, {{"y", 2}, {"x", 1}}, boundary, {.chunks = {{"y", -1}}, .fill = 99.0})));
      }
    }
  }) == 0);
}

TEST_CASE("A kernel is told where its block lies, and blocks are cut as asked") {
  CHECK(run_quietly([](Client& client) {
    const DataArray told = map_blocks("where_it_lies", {grid(5, 4)}, {.chunks = {{"y", 2}, {"x", 3}}});
    std::vector<double> expected;
    for (int i = 0; i < 5; ++i)
      for (int j = 0; j < 4; ++j) expected.push_back(1000 * i + 10 * j + (i % 2 == 0 && j % 3 == 0 ? 1 : 0));
    CHECK(elements(client, told) == expected);
    CHECK(elements(client, told.isel({{"y", 4}}) + 1.0) == std::vector<double>{4002, 4011, 4021, 4032});
  }) == 0);
}

TEST_CASE("Inputs of a kernel are broadcast by dim name and keep the first one's name and coordinates") {
  CHECK(run_quietly([](Client& client) {
    const DataArray rows(Values<double>{{3}, {1, 2, 3}}, {"y"}, {{"y", {10, 20, 30}}}, "rows");
    const DataArray field(Values<double>{{3, 2}, {0, 1, 2, 3, 4, 5}}, {"y", "x"}, {{"y", {10, 20, 30}}, {"x", {0, 1}}}, "field");
    const DataArray sum = map_blocks("scaled_sum", {field, rows}, {.parameters = {{"factor", 10.0}}, .chunks = {{"y", 1}}});
    CHECK(elements(client, sum) == std::vector<double>{10, 11, 22, 23, 34, 35});
    CHECK(sum.name() == "field");
    CHECK(elements(client, sum.sel({{"y", 20}})) == std::vector<double>{22, 23});
  }) == 0);
}

TEST_CASE("Core dims are whole in every block; they may vanish and new ones come") {
  CHECK(run_quietly([](Client& client) {
    const DataArray field = map_blocks("where_it_lies", {grid(4, 6)}, {.chunks = {{"y", 1}, {"x", 2}}});
    const DataArray ends = map_blocks("extremes", {field}, {.chunks = {{"y", 3}}});
    CHECK(ends.dims() == std::vector<std::string>{"y", "which"});
    CHECK(ends.dtype() == "float32");
    CHECK(elements(client, ends) == std::vector<double>{1, 50, 1001, 1050, 2001, 2050, 3001, 3050});
  }) == 0);
}

TEST_CASE("A reduction by user kernels gives the same whatever it runs over") {
  CHECK(run_quietly([](Client& client) {
    const DataArray field = map_blocks("where_it_lies", {grid(40, 6)}, {.chunks = {{"y", 1}}});
    CHECK(elements(client, reduction("value_range", field)) == std::vector<double>{39050 - 1});
    CHECK(elements(client, reduction("value_range", field, "y")) == std::vector<double>{39000, 39000, 39000, 39000, 39000, 39000});
    CHECK(elements(client, reduction("value_range", field, "y").isel({{"x", 2}}) * 2.0) == std::vector<double>{78000});
  }) == 0);
}

TEST_CASE("A kernel that fails or is misused is named") {
  CHECK(run_quietly([](Client& client) {
    CHECK_THROWS_WITH(elements(client, map_blocks("fails", {grid(2, 2)})),
                      Catch::Contains("kernel 'fails' failed: no convergence (task fails (0, 0), attempt 3 of 3, worker 0 on "));
    CHECK_THROWS_WITH(map_blocks("nothing", {grid(2, 2)}), Catch::Contains("there is no kernel 'nothing'; there is 'box_sum', "));
    CHECK_THROWS_WITH(map_blocks("value_range", {grid(2, 2)}), Catch::Contains("is a reduction"));
    CHECK_THROWS_WITH(map_overlap("box_sum", {grid(2, 2)}, {{"y", 3}}, Boundary::periodic), Catch::Contains("a depth of 3 is more"));
    CHECK_THROWS_WITH(map_overlap("box_sum", {grid(2, 2)}, {{"z", 1}}), Catch::Contains("told of dim 'z'"));
    CHECK_THROWS_WITH(elements(client, map_blocks("box_sum", {grid(2, 2).astype("int32")})),
                      Catch::Contains("the input is int32, the kernel takes float64"));
  }) == 0);
}
