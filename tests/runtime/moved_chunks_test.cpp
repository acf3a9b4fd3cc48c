#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>

#include "array/cf_decode.hpp"
#include "array/cf_encode.hpp"
#include "array/indexing.hpp"
#include "array/combine.hpp"
#include "array/loader.hpp"
#include "base/error.hpp"
#include "plan/block_choice.hpp"
#include "runtime/moved_chunks.hpp"
#include "runtime/run_plan.hpp"
#include "runtime/task_runner.hpp"
#include "store/scratch.hpp"

using namespace rankine;
using namespace rankine::runtime;
using store_test::ScratchDirectory;

namespace {

array::Dataset open(const std::string& path) {
  store::Reader reader;
  const array::Catalogue catalogue = store::open_catalogue(path);
  for (const auto& variable : catalogue.variables)
    if (variable.data != nullptr) store::load_chunk_index(*variable.data);
  return array::decode_catalogue(catalogue, {}, [&](const array::ExprPtr& expr) {
    REQUIRE(expr->as<array::Source>() != nullptr);
    return reader.read(*expr->as<array::Source>()->array, Box::whole(expr->shape));
  });
}

struct Written {
  std::uint64_t decoded = 0;
  std::uint64_t moved = 0;
};

/// Runs the plan that writes `dataset`, task by task.
Written write(const array::Dataset& dataset, const std::string& path, array::OutputFormat format,
              const std::map<std::string, array::Attributes>& encoding = {}) {
  array::EncodeOptions options;
  options.path = path;
  options.format = format;
  for (const auto& [name, attributes] : encoding) options.encoding[name] = attributes;
  options.suggested_chunks = [](const std::string&, const array::Variable& variable) { return plan::suggest_chunks(variable.data); };
  array::EncodedDataset encoded = array::encode_dataset(dataset, options, array::load);
  plan::LogicalPlan plan;
  std::vector<store::OutputTarget> targets{store::create_output(encoded.spec, "test")};
  for (std::uint32_t i = 0; i < encoded.lazy.size(); ++i) {
    if (encoded.lazy[i] == nullptr) continue;
    const bool any = store::any_rank_writes(targets[0], i);
    plan.sinks.push_back({any ? plan::SinkKind::write : plan::SinkKind::owner, encoded.lazy[i], "v", 0, i,
                          targets[0].offsets[i] != UINT64_MAX ? Shape{} : targets[0].spec.variables[i].chunk_shape});
  }
  const RunPlanPtr run = lower_run_plan(encode_run_plan(plan::simplify(plan), targets));
  store::Reader reader;
  store::Writer writer;
  const TaskRunner runner(run, reader, writer);
  Inputs done;
  for (std::uint32_t t = 0; t < run->lowered.task_count(); ++t) {
    std::vector<TaskId> needed;
    run->lowered.dependencies(TaskId{t}, needed);
    Inputs inputs;
    for (const TaskId input : needed) inputs.emplace(input, done.at(input));
    done.emplace(TaskId{t}, runner.run(TaskId{t}, inputs));
  }
  writer.close(run->outputs[0]);
  store::commit_output(run->outputs[0]);
  return {reader.counters().decoded_chunks, reader.counters().moved_chunks};
}

/// Stored bytes of every chunk of v.
std::vector<std::vector<std::byte>> stored_chunks(const std::string& path) {
  store::Reader reader;
  for (const auto& variable : store::open_catalogue(path).variables) {
    if (variable.name != "v") continue;
    store::load_chunk_index(*variable.data);
    std::vector<std::vector<std::byte>> chunks;
    Box numbers = Box::whole(variable.data->shape);
    for (int axis = 0; axis < numbers.ndim(); ++axis) numbers.end[axis] = ceil_div(numbers.end[axis], variable.data->chunk_shape[axis]);
    for_each_index(numbers, [&](const Index& chunk) { chunks.push_back(reader.read_stored_chunk(*variable.data, chunk).value()); });
    return chunks;
  }
  return {};
}

const char* make_packed = R"(
import netCDF4, numpy as np, sys
for part in range(2):
    with netCDF4.Dataset(sys.argv[1] + f'/in{part}.nc', 'w') as f:
        f.createDimension('t', 8); f.createDimension('x', 5)
        v = f.createVariable('v', 'i2', ('t', 'x'), zlib=True, complevel=4, shuffle=True, chunksizes=(4, 3), fill_value=-32768)
        v.scale_factor = 0.01; v.add_offset = 273.15
        v.set_auto_maskandscale(False)
        v[:] = np.random.default_rng(part).integers(-32768, 32768, (8, 5))
)";

std::string make_inputs(const ScratchDirectory& folder) {
  const std::string script = folder.file("make.py");
  std::ofstream(script) << make_packed;
  REQUIRE(store_test::run_python(script + " " + folder.path.string()));
  return folder.path.string();
}

array::Attributes as_stored() {
  array::Attributes encoding;
  encoding.set("zlib", NdArray::scalar(true));
  encoding.set("chunksizes", NdArray::from(std::vector<std::int64_t>{4, 3}));
  encoding.set("dtype", std::string("int16"));
  encoding.set("scale_factor", NdArray::scalar(0.01));
  encoding.set("add_offset", NdArray::scalar(273.15));
  encoding.set("_FillValue", NdArray::scalar(std::int16_t{-32768}));
  return encoding;
}

}  // namespace

TEST_CASE("a copy of packed, compressed data is moved byte for byte and never decoded") {
  const ScratchDirectory folder;
  const std::string in = make_inputs(folder) + "/in0.nc";
  const Written written = write(open(in), folder.file("out.nc"), array::OutputFormat::netcdf4);
  CHECK(written.decoded == 0);
  CHECK(written.moved == 4);
  CHECK(stored_chunks(folder.file("out.nc")) == stored_chunks(in));
}

TEST_CASE("a subset on chunk borders and a concatenation are moved, a subset beside them is computed") {
  const ScratchDirectory folder;
  const std::string in = make_inputs(folder);
  const array::Dataset first = open(in + "/in0.nc");
  const array::Dataset second = open(in + "/in1.nc");
  const auto a = stored_chunks(in + "/in0.nc");
  const auto b = stored_chunks(in + "/in1.nc");

  const array::Dataset both = array::concat(std::vector<array::Dataset>{first, second}, "t", {}, {});
  Written written = write(both, folder.file("both.nc"), array::OutputFormat::netcdf4, {{"v", as_stored()}});
  CHECK(written.decoded == 0);
  CHECK(written.moved == 8);
  auto expected = a;
  expected.insert(expected.end(), b.begin(), b.end());
  CHECK(stored_chunks(folder.file("both.nc")) == expected);

  array::Dataset part = first;
  array::Variable& v = *part.variables.find("v");
  v.data = array::slice(v.data, {4, 0}, {1, 1}, {4, 5});
  written = write(part, folder.file("part.nc"), array::OutputFormat::netcdf4, {{"v", as_stored()}});
  CHECK(written.decoded == 0);
  CHECK(stored_chunks(folder.file("part.nc")) == std::vector<std::vector<std::byte>>(a.begin() + 2, a.end()));

  // Shifted by one step: chunks of the output are no chunks of the input. At the right edge likewise.
  v.data = array::slice(first.variables.find("v")->data, {1, 0}, {1, 1}, {4, 5});
  written = write(part, folder.file("shifted.nc"), array::OutputFormat::netcdf4, {{"v", as_stored()}});
  CHECK(written.moved == 0);
  CHECK(written.decoded > 0);
  v.data = array::slice(first.variables.find("v")->data, {0, 0}, {1, 1}, {4, 4});
  written = write(part, folder.file("cut.nc"), array::OutputFormat::netcdf4, {{"v", as_stored()}});
  CHECK(written.decoded > 0);
}

TEST_CASE("chunks beside one that must be computed are moved nevertheless") {
  const ScratchDirectory folder;
  const std::string in = make_inputs(folder);
  const array::Dataset first = open(in + "/in0.nc");
  array::Dataset second = open(in + "/in1.nc");
  // Of the second file one step less: its chunks fit no chunk of the output.
  array::Variable& v = *second.variables.find("v");
  v.data = array::slice(v.data, {1, 0}, {1, 1}, {7, 5});
  const array::Dataset both = array::concat(std::vector<array::Dataset>{first, second}, "t", {}, {});
  const Written written = write(both, folder.file("both.nc"), array::OutputFormat::netcdf4, {{"v", as_stored()}});
  CHECK(written.moved == 4);
  CHECK(written.decoded > 0);
  const auto a = stored_chunks(in + "/in0.nc");
  const auto out = stored_chunks(folder.file("both.nc"));
  REQUIRE(out.size() == 8);
  CHECK(std::vector<std::vector<std::byte>>(out.begin(), out.begin() + 4) == a);
  const std::string script = folder.file("check.py");
  std::ofstream(script) << R"(
import netCDF4, numpy as np, sys
with netCDF4.Dataset(sys.argv[1] + '/in0.nc') as a, netCDF4.Dataset(sys.argv[1] + '/in1.nc') as b, netCDF4.Dataset(sys.argv[1] + '/both.nc') as c:
    for f in (a, b, c): f.set_auto_maskandscale(False)
    assert np.array_equal(np.concatenate([a['v'][:], b['v'][1:]]), c['v'][:])
)";
  CHECK(store_test::run_python(script + " " + in));
}

TEST_CASE("inner chunks of shards are moved, into shards and out of them") {
  const ScratchDirectory folder;
  const std::string in = make_inputs(folder) + "/in0.nc";
  array::Attributes encoding = as_stored();
  encoding.erase("zlib");
  encoding.erase("chunksizes");
  encoding.set("chunks", NdArray::from(std::vector<std::int64_t>{4, 3}));
  const auto values = [](const std::string& path) {
    store::Reader reader;
    for (const auto& variable : store::open_catalogue(path).variables)
      if (variable.name == "v") {
        store::load_chunk_index(*variable.data);
        return reader.read(*variable.data, Box::whole(variable.data->shape));
      }
    return NdArray();
  };
  Written written = write(open(in), folder.file("plain.zarr"), array::OutputFormat::zarr3, {{"v", encoding}});
  CHECK(written.moved == 0);
  array::Attributes sharded = encoding;
  sharded.set("shards", NdArray::from(std::vector<std::int64_t>{8, 6}));
  written = write(open(folder.file("plain.zarr")), folder.file("sharded.zarr"), array::OutputFormat::zarr3, {{"v", sharded}});
  CHECK(written.decoded == 0);
  CHECK(written.moved == 4);
  CHECK(identical(values(folder.file("sharded.zarr")), values(in)));
  CHECK(stored_chunks(folder.file("sharded.zarr")) == stored_chunks(folder.file("plain.zarr")));
  written = write(open(folder.file("sharded.zarr")), folder.file("back.zarr"), array::OutputFormat::zarr3, {{"v", encoding}});
  CHECK(written.decoded == 0);
  CHECK(written.moved == 4);
  CHECK(stored_chunks(folder.file("back.zarr")) == stored_chunks(folder.file("plain.zarr")));
}

TEST_CASE("NetCDF becomes Zarr and Zarr NetCDF without decoding where the codecs are equal") {
  const ScratchDirectory folder;
  const std::string in = make_inputs(folder) + "/in0.nc";
  array::Attributes encoding = as_stored();
  encoding.erase("zlib");
  encoding.erase("chunksizes");
  encoding.set("chunks", NdArray::from(std::vector<std::int64_t>{4, 3}));
  encoding.set("compressor", std::string(R"({"id": "zlib", "level": 4})"));
  encoding.set("filters", std::string(R"([{"id": "shuffle", "elementsize": 2}])"));
  Written written = write(open(in), folder.file("out.zarr"), array::OutputFormat::zarr2, {{"v", encoding}});
  CHECK(written.decoded == 0);
  CHECK(written.moved == 4);
  CHECK(stored_chunks(folder.file("out.zarr")) == stored_chunks(in));
  written = write(open(folder.file("out.zarr")), folder.file("back.nc"), array::OutputFormat::netcdf4, {{"v", as_stored()}});
  CHECK(written.decoded == 0);
  CHECK(stored_chunks(folder.file("back.nc")) == stored_chunks(in));
}

TEST_CASE("another level, fill, packing, chunk shape or rounding is computed") {
  const ScratchDirectory folder;
  const std::string in = make_inputs(folder) + "/in0.nc";
  const std::map<std::string, array::AttributeValue> changes = {
      {"complevel", NdArray::scalar(std::int64_t{5})}, {"_FillValue", NdArray::scalar(std::int16_t{-32767})},
      {"scale_factor", NdArray::scalar(0.5)},          {"chunksizes", NdArray::from(std::vector<std::int64_t>{4, 5})},
      {"shuffle", NdArray::scalar(false)},             {"fletcher32", NdArray::scalar(true)}};
  for (const auto& [key, value] : changes) {
    INFO(key);
    array::Attributes encoding = as_stored();
    encoding.set(key, value);
    Written written;
    try {
      written = write(open(in), folder.file("out.nc"), array::OutputFormat::netcdf4, {{"v", encoding}});
    } catch (const UsageError&) {
      // The values do not fit the other packing: they were computed.
      continue;
    }
    CHECK(written.moved == 0);
    CHECK(written.decoded == 4);
  }
}
