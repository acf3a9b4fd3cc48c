#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "base/error.hpp"
#include "grid/strided_view.hpp"
#include "store/file_stamp.hpp"
#include "store/store.hpp"

using namespace rankine;
using namespace rankine::store;
namespace fs = std::filesystem;

// Files made by hand, byte by byte: what the reader is told is all that it may know of a format.
namespace {

struct HandMadeFile {
  fs::path directory;
  std::string path;
  std::vector<std::byte> bytes;

  HandMadeFile() {
    std::string pattern = (fs::temp_directory_path() / "rankine-reader-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    path = (directory / "data.bin").string();
  }
  ~HandMadeFile() { fs::remove_all(directory); }
  void append(const void* data, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), first, first + size);
  }
  void write() const {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
};

NdArray ramp(const Shape& shape) {
  NdArray values(DType::int32, shape);
  for (std::int64_t i = 0; i < values.size(); ++i) values.data<std::int32_t>()[i] = static_cast<std::int32_t>(i * 65537);
  return values;
}

NdArray part_of(const NdArray& whole, const Box& box) { return materialise(StridedView::of(whole).inside(box)); }

// Every box of an array of three dims.
template <typename F>
void for_each_box(const Shape& shape, F&& f) {
  const Shape ends{shape[0] + 1, shape[1] + 1, shape[2] + 1};
  for_each_index({{0, 0, 0}, ends}, [&](const Index& begin) {
    for_each_index({begin, ends}, [&](const Index& end) { f(Box{begin, end}); });
  });
}

void check_every_box(const array::StoredArray& stored, const NdArray& values, Reader::Limits limits) {
  Reader reader(limits);
  bool all = true;
  for_each_box(stored.shape, [&](const Box& box) {
    if (identical(reader.read(stored, box), part_of(values, box))) return;
    all = false;
    FAIL_CHECK(format_box(box));
  });
  CHECK(all);
}

std::vector<Reader::Limits> all_limits() {
  Reader::Limits tiny;
  tiny.open_files = 1;
  tiny.coalesce_bytes = 40;
  tiny.cache_bytes = 0;
  Reader::Limits small = tiny;
  small.cache_bytes = 100;
  return {Reader::Limits{}, tiny, small};
}

template <typename F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

// Chunks of `values` in C order, shuffled and deflated, with one left out and one stored raw.
array::StoredArray chunked_file(HandMadeFile& file, const NdArray& values, const Shape& chunk_shape) {
  array::OutputVariable variable;
  variable.name = "v";
  variable.dtype = values.dtype();
  variable.shape = values.shape();
  variable.chunk_shape = chunk_shape;
  codec::Codec shuffle;
  shuffle.kind = codec::Kind::shuffle;
  shuffle.element_bytes = 4;
  variable.codecs = {shuffle, codec::Codec{}};
  auto index = std::make_shared<array::ChunkIndex>();
  const auto whole = Box::whole(values.shape());
  const auto encoded = encode_chunks(variable, values, whole);
  auto uncoded = variable;
  uncoded.codecs.clear();
  const auto raw = encode_chunks(uncoded, values, whole);
  file.append("header", 6);
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    const bool stored_raw = i == 2;
    const auto& bytes = stored_raw ? raw[i].bytes : encoded[i].bytes;
    index->offsets.push_back(file.bytes.size());
    index->sizes.push_back(static_cast<std::uint32_t>(bytes.size()));
    index->filter_masks.push_back(stored_raw ? 3 : 0);
    file.append(bytes.data(), bytes.size());
  }
  file.write();
  array::StoredArray stored;
  stored.storage = array::Storage::chunked;
  stored.path = file.path;
  stored.variable = "/v";
  stored.dtype = values.dtype();
  stored.shape = values.shape();
  stored.chunk_shape = chunk_shape;
  stored.codecs = variable.codecs;
  stored.index = index;
  const auto stamp = stamp_of(file.path);
  stored.file_size = stamp.size;
  stored.file_mtime_ns = stamp.mtime_ns;
  return stored;
}

}  // namespace

TEST_CASE("every box of a contiguous big-endian array is what was stored") {
  HandMadeFile file;
  const NdArray values = ramp({4, 3, 5});
  NdArray swapped = part_of(values, Box::whole(values.shape()));
  codec::swap_bytes({swapped.raw(), 240}, 4);
  file.append("123456789", 9);
  file.append(swapped.raw(), 240);
  file.write();
  array::StoredArray stored;
  stored.path = file.path;
  stored.variable = "v";
  stored.dtype = DType::int32;
  stored.big_endian = true;
  stored.shape = stored.chunk_shape = {4, 3, 5};
  stored.offset = 9;
  for (const auto& limits : all_limits()) check_every_box(stored, values, limits);
}

TEST_CASE("every box of a record variable is what was stored, whatever lies between the records") {
  HandMadeFile file;
  const NdArray values = ramp({4, 3, 5});
  for (std::size_t record = 0; record < 4; ++record) {
    file.append("other variable", 14);
    file.append(values.raw() + record * 60, 60);
  }
  file.write();
  array::StoredArray stored;
  stored.storage = array::Storage::records;
  stored.path = file.path;
  stored.variable = "v";
  stored.dtype = DType::int32;
  stored.shape = stored.chunk_shape = {4, 3, 5};
  stored.offset = 14;
  stored.record_stride = 74;
  for (const auto& limits : all_limits()) check_every_box(stored, values, limits);
}

TEST_CASE("every box of a chunked array is what was stored, with any chunk shape") {
  const NdArray values = ramp({4, 3, 5});
  for (const Shape& chunk_shape : {Shape{1, 3, 5}, Shape{2, 2, 2}, Shape{4, 3, 5}, Shape{1, 1, 5}, Shape{3, 3, 4}}) {
    INFO(format_tuple(chunk_shape));
    HandMadeFile file;
    const auto stored = chunked_file(file, values, chunk_shape);
    if (stored.index->offsets.size() < 3) continue;
    for (const auto& limits : all_limits()) check_every_box(stored, values, limits);
  }
}

TEST_CASE("a chunk without an offset is fill value") {
  HandMadeFile file;
  NdArray values = ramp({4, 3, 5});
  auto stored = chunked_file(file, values, {1, 3, 5});
  auto index = std::make_shared<array::ChunkIndex>(*stored.index);
  index->offsets[1] = array::ChunkIndex::missing;
  stored.index = index;
  const std::int32_t fill = -99;
  std::memcpy(stored.fill.data(), &fill, sizeof fill);
  std::fill_n(values.data<std::int32_t>() + 15, 15, fill);
  check_every_box(stored, values, {});
}

TEST_CASE("damaged files and lying indexes are errors that name chunk, variable and file") {
  HandMadeFile file;
  const NdArray values = ramp({4, 3, 5});
  const auto good = chunked_file(file, values, {1, 3, 5});
  const Box whole = Box::whole(good.shape);
  const std::string name = "cannot read chunk (1, 0, 0) of /v in " + file.path + ": ";
  const auto with_index = [&](auto&& change) {
    auto stored = good;
    auto index = std::make_shared<array::ChunkIndex>(*good.index);
    change(*index);
    stored.index = index;
    return error_of([&] { Reader().read(stored, whole); });
  };
  CHECK(with_index([](auto&) {}) == "");
  CHECK(with_index([](auto& index) { index.sizes[1] = 5; }) == name + "deflate stream is damaged");
  CHECK(with_index([](auto& index) { index.offsets[1] = index.offsets[0] + 1; }) == name + "deflate stream is damaged");
  CHECK(with_index([](auto& index) { index.filter_masks[1] = 2; }).substr(0, name.size()) == name);
  const std::string end = std::to_string(file.bytes.size());
  CHECK(with_index([](auto& index) { index.offsets[1] = 1u << 30; index.sizes[1] = UINT32_MAX; }) ==
        name + "it ends at byte 5368709119, behind the file's end at " + end + ": the file is truncated or damaged");
  CHECK(with_index([](auto& index) { index.offsets[1] = UINT64_MAX - 1; }) ==
        name + "it ends at byte " + std::to_string(good.index->sizes[1] - 2) + ", behind the file's end at " + end +
            ": the file is truncated or damaged");
}

TEST_CASE("a file that changed since its metadata was read is refused") {
  HandMadeFile file;
  const auto stored = chunked_file(file, ramp({4, 3, 5}), {1, 3, 5});
  file.bytes.push_back(std::byte{0});
  file.write();
  CHECK_THAT(error_of([&] { Reader().read(stored, Box::whole(stored.shape)); }),
             Catch::StartsWith("cannot read /v in " + file.path + ": the file changed while running"));
  fs::remove(file.path);
  CHECK(error_of([&] { Reader().read(stored, Box::whole(stored.shape)); }) ==
        "cannot read /v in " + file.path + ": cannot open " + file.path + ": No such file or directory");
}

TEST_CASE("a contiguous array that ends behind its file is an error that says where") {
  HandMadeFile file;
  file.append("0123456789", 10);
  file.write();
  array::StoredArray stored;
  stored.path = file.path;
  stored.variable = "v";
  stored.dtype = DType::int32;
  stored.shape = stored.chunk_shape = {4};
  CHECK(error_of([&] { Reader().read(stored, {{1}, {4}}); }) ==
        "cannot read [1:4] of v in " + file.path +
            ": the file ends at byte 10 but 6 more are needed: it is truncated");
}

TEST_CASE("counters tell what was read and what was made of it") {
  HandMadeFile file;
  const auto stored = chunked_file(file, ramp({4, 3, 5}), {1, 3, 5});
  Reader reader;
  reader.read(stored, Box::whole(stored.shape));
  CHECK(reader.counters().stored_bytes == file.bytes.size() - 6);
  CHECK(reader.counters().decoded_bytes == 4 * 3 * 5 * 4);
}
