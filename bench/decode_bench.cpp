// How fast are chunks decoded on one core, for each codec, and how far is that from the codec's library alone?
//
//     bench_decode [--repetitions N [CODEC]]          every codec or the one named, values of float32 temperatures
//     bench_decode FILE VARIABLE [THREADS]            one variable of a file: pure decoding, nothing computed
//
// Three ways, alternating: `reader` is store::Reader (pread, decode, unshuffle, place), `bare` the codec's library into
// a buffer and memcpy of what it gave (no unshuffle), `library` nc_get_vara, where that knows the codec. Figures are
// decoded bytes per second of CPU time of the one thread, so that other programs on the machine do not matter much;
// medians. Answers are compared before any time is taken. Prints `name value unit` lines.
#include <blosc.h>
#include <bzlib.h>
#include <libdeflate.h>
#include <lz4.h>
#include <malloc.h>
#include <netcdf.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "base/prng.hpp"
#include "store/store.hpp"

namespace {

using namespace rankine;
using codec::Codec;
using codec::Kind;

constexpr std::int64_t times = 160, lats = 181, lons = 360, times_per_chunk = 8;
constexpr std::size_t chunk_bytes = static_cast<std::size_t>(times_per_chunk * lats * lons) * 4;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "bench_decode: %s\n", what.c_str());
  std::exit(1);
}

// Temperatures with a seasonal and a meridional course and noise of 0.01 K steps.
std::vector<float> temperatures() {
  Prng random(1);
  std::vector<float> values(static_cast<std::size_t>(times * lats * lons));
  std::size_t i = 0;
  for (std::int64_t t = 0; t < times; ++t)
    for (std::int64_t y = 0; y < lats; ++y)
      for (std::int64_t x = 0; x < lons; ++x, ++i) {
        const double smooth = 288 - 40 * std::pow(std::sin((static_cast<double>(y) - 90) / 57.3), 2) +
                              5 * std::sin(static_cast<double>(t) / 58) + 2 * std::cos(static_cast<double>(x) / 20);
        values[i] = static_cast<float>(std::round(smooth * 100 + 200 * random.uniform()) / 100);
      }
  return values;
}

struct Folder {
  std::string path;
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "rankine-decode-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) fail("no temporary folder");
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
};

/// The values in chunks, encoded, one after the other in a file, with their index.
struct Case {
  std::string name;
  codec::Pipeline codecs;
  std::function<bool(const std::vector<std::byte>&, std::byte*)> bare;  ///< one chunk by its library; false if damaged
  array::StoredArray array;
  std::vector<std::vector<std::byte>> chunks;

  void store(const std::vector<float>& values, const std::string& folder) {
    codec::Scratch scratch;
    auto index = std::make_shared<array::ChunkIndex>();
    array.storage = array::Storage::chunked;
    array.path = folder + "/" + name;
    array.variable = name;
    array.shape = {times, lats, lons};
    array.chunk_shape = {times_per_chunk, lats, lons};
    array.codecs = codecs;
    std::ofstream file(array.path, std::ios::binary);
    std::uint64_t offset = 0;
    for (std::size_t begin = 0; begin < values.size() * 4; begin += chunk_bytes) {
      const auto* raw = reinterpret_cast<const std::byte*>(values.data()) + begin;
      chunks.push_back(codec::encode(codecs, {raw, chunk_bytes}, scratch));
      index->offsets.push_back(offset);
      index->sizes.push_back(static_cast<std::uint32_t>(chunks.back().size()));
      file.write(reinterpret_cast<const char*>(chunks.back().data()), static_cast<std::streamsize>(chunks.back().size()));
      offset += chunks.back().size();
    }
    array.index = std::move(index);
  }
};

std::vector<Case> cases() {
  using Chunk = const std::vector<std::byte>&;
  const auto inflate = [](Chunk chunk, std::byte* out) {
    static thread_local libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
    return libdeflate_zlib_decompress(decompressor, chunk.data(), chunk.size(), out, chunk_bytes, nullptr) == LIBDEFLATE_SUCCESS;
  };
  const auto zstd = [](Chunk chunk, std::byte* out) {
    static thread_local ZSTD_DCtx* context = ZSTD_createDCtx();
    return ZSTD_decompressDCtx(context, out, chunk_bytes, chunk.data(), chunk.size()) == chunk_bytes;
  };
  const auto lz4 = [](Chunk chunk, std::byte* out) {
    return LZ4_decompress_safe(reinterpret_cast<const char*>(chunk.data()) + 4, reinterpret_cast<char*>(out),
                               static_cast<int>(chunk.size()) - 4, static_cast<int>(chunk_bytes)) == static_cast<int>(chunk_bytes);
  };
  const auto blosc = [](Chunk chunk, std::byte* out) {
    return blosc_decompress_ctx(chunk.data(), out, chunk_bytes, 1) == static_cast<int>(chunk_bytes);
  };
  const auto bzip2 = [](Chunk chunk, std::byte* out) {
    unsigned size = chunk_bytes;
    return BZ2_bzBuffToBuffDecompress(reinterpret_cast<char*>(out), &size, const_cast<char*>(reinterpret_cast<const char*>(chunk.data())),
                                      static_cast<unsigned>(chunk.size()), 0, 0) == BZ_OK && size == chunk_bytes;
  };
  const auto copy = [](Chunk chunk, std::byte* out) {
    std::memcpy(out, chunk.data(), chunk_bytes);
    return true;
  };
  const Codec shuffle{.kind = Kind::shuffle, .element_bytes = 4, .blosc_compressor = {}};
  const auto step = [](Kind kind, int level) { return Codec{.kind = kind, .level = level, .blosc_compressor = {}}; };
  const auto blosc_step = [](const char* name, int bits) {
    return Codec{.kind = Kind::blosc, .level = 5, .element_bytes = 4, .blosc_shuffle = bits, .blosc_compressor = name};
  };
  std::vector<Case> all;
  all.push_back({"none", {}, copy, {}, {}});
  all.push_back({"deflate", {step(Kind::deflate, 4)}, inflate, {}, {}});
  all.push_back({"shuffle_deflate", {shuffle, step(Kind::deflate, 4)}, inflate, {}, {}});
  all.push_back({"zstd", {step(Kind::zstd, 3)}, zstd, {}, {}});
  all.push_back({"shuffle_zstd", {shuffle, step(Kind::zstd, 3)}, zstd, {}, {}});
  all.push_back({"lz4", {step(Kind::lz4, 1)}, lz4, {}, {}});
  all.push_back({"shuffle_lz4", {shuffle, step(Kind::lz4, 1)}, lz4, {}, {}});
  all.push_back({"blosc_lz4_shuffle", {blosc_step("lz4", 1)}, blosc, {}, {}});
  all.push_back({"blosc_zstd_bitshuffle", {blosc_step("zstd", 2)}, blosc, {}, {}});
  all.push_back({"bzip2", {step(Kind::bz2, 1)}, bzip2, {}, {}});
  std::string reason;
  std::erase_if(all, [&](const Case& one) { return !codec::is_available(one.codecs, reason); });
  return all;
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

template <typename F>
double seconds(F&& f) {
  const double start = cpu_seconds();
  f();
  return cpu_seconds() - start;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// Boxes of two chunks, as a run's blocks are; `take` gets each.
void read_all(store::Reader& reader, const array::StoredArray& array, const std::function<void(const NdArray&, std::int64_t)>& take) {
  constexpr std::int64_t step = 2 * times_per_chunk;
  for (std::int64_t t = 0; t < times; t += step) take(reader.read(array, Box{{t, 0, 0}, {std::min(t + step, times), lats, lons}}), t);
}

void write_netcdf(const std::string& path, const std::vector<float>& values, bool shuffle) {
  int file = 0, variable = 0, dims[3] = {};
  const std::size_t chunks[] = {times_per_chunk, lats, lons};
  const bool good = nc_create(path.c_str(), NC_NETCDF4, &file) == NC_NOERR && nc_def_dim(file, "time", times, &dims[0]) == NC_NOERR &&
                    nc_def_dim(file, "lat", lats, &dims[1]) == NC_NOERR && nc_def_dim(file, "lon", lons, &dims[2]) == NC_NOERR &&
                    nc_def_var(file, "v", NC_FLOAT, 3, dims, &variable) == NC_NOERR &&
                    nc_def_var_chunking(file, variable, NC_CHUNKED, chunks) == NC_NOERR &&
                    nc_def_var_deflate(file, variable, shuffle ? 1 : 0, 1, 4) == NC_NOERR &&
                    nc_put_var_float(file, variable, values.data()) == NC_NOERR && nc_close(file) == NC_NOERR;
  if (!good) fail("cannot write " + path);
}

void read_with_netcdf(const std::string& path, float* out) {
  int file = 0, variable = 0;
  if (nc_open(path.c_str(), NC_NOWRITE, &file) != NC_NOERR || nc_inq_varid(file, "v", &variable) != NC_NOERR) fail("cannot open " + path);
  for (std::size_t t = 0; t < times; t += 2 * times_per_chunk) {
    const std::size_t start[] = {t, 0, 0};
    const std::size_t count[] = {std::min<std::size_t>(2 * times_per_chunk, times - t), lats, lons};
    if (nc_get_vara_float(file, variable, start, count, out + t * lats * lons) != NC_NOERR) fail("cannot read " + path);
  }
  nc_close(file);
}

void measure(Case& one, const std::vector<float>& values, const std::string& folder, int repetitions) {
  one.store(values, folder);
  store::Reader reader;
  std::vector<std::byte> buffer(chunk_bytes), copied(chunk_bytes);
  std::vector<float> out(values.size());
  read_all(reader, one.array, [&](const NdArray& part, std::int64_t t) { std::memcpy(out.data() + t * lats * lons, part.raw(), part.bytes().value); });
  if (out != values) fail("wrong values of " + one.name);
  const bool by_netcdf = one.name == "deflate" || one.name == "shuffle_deflate";
  const std::string netcdf = folder + "/" + one.name + ".nc";
  if (by_netcdf) {
    write_netcdf(netcdf, values, one.name != "deflate");
    std::fill(out.begin(), out.end(), 0.0f);
    read_with_netcdf(netcdf, out.data());
    if (out != values) fail("wrong values of nc_get_vara");
  }
  std::vector<double> by_reader, bare, library;
  const auto read = [&] { read_all(reader, one.array, [](const NdArray&, std::int64_t) {}); };
  const auto decode_and_copy = [&] {
    for (const auto& chunk : one.chunks) {
      if (!one.bare(chunk, buffer.data())) fail("the library cannot decode " + one.name);
      std::memcpy(copied.data(), buffer.data(), chunk_bytes);
    }
  };
  // Each of the two goes first every other time, and nothing runs between that would leave one of them cold caches.
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    if (repetition % 2 == 0) by_reader.push_back(seconds(read));
    bare.push_back(seconds(decode_and_copy));
    if (repetition % 2 != 0) by_reader.push_back(seconds(read));
  }
  for (int repetition = 0; by_netcdf && repetition < repetitions; ++repetition)
    library.push_back(seconds([&] { read_with_netcdf(netcdf, out.data()); }));
  const double gigabytes = static_cast<double>(values.size()) * 4e-9;
  std::uint64_t stored = 0;
  for (const auto& chunk : one.chunks) stored += chunk.size();
  std::printf("%s_stored_share %.3f 1\n", one.name.c_str(), static_cast<double>(stored) * 1e-9 / gigabytes);
  std::printf("%s_reader %.3f GB/s\n", one.name.c_str(), gigabytes / median(by_reader));
  std::printf("%s_bare %.3f GB/s\n", one.name.c_str(), gigabytes / median(bare));
  std::printf("%s_reader_over_bare %.2f 1\n", one.name.c_str(), median(bare) / median(by_reader));
  if (by_netcdf) std::printf("%s_library %.3f GB/s\n%s_reader_over_library %.2f 1\n", one.name.c_str(), gigabytes / median(library),
                             one.name.c_str(), median(library) / median(by_reader));
}

/// Wall time of decoding a whole variable, chunk by chunk, on `threads` threads.
void decode_variable(const std::string& path, const std::string& name, int threads) {
  array::StoredArrayPtr array;
  for (const auto& variable : store::open_catalogue(path).variables)
    if (variable.name == name) array = variable.data;
  if (array == nullptr) fail("no variable " + name + " of numbers in " + path);
  store::load_chunk_index(*array);
  Box numbers = Box::whole(array->shape);
  for (int axis = 0; axis < numbers.ndim(); ++axis) numbers.end[axis] = ceil_div(numbers.end[axis], array->chunk_shape[axis]);
  std::vector<Box> boxes;
  for_each_index(numbers, [&](const Index& chunk) {
    Box box{chunk, chunk};
    for (int axis = 0; axis < box.ndim(); ++axis) {
      box.begin[axis] *= array->chunk_shape[axis];
      box.end[axis] = std::min(box.begin[axis] + array->chunk_shape[axis], array->shape[axis]);
    }
    boxes.push_back(box);
  });
  store::Reader reader;
  for (int repetition = 0; repetition < 4; ++repetition) {  // the first one warms
    std::atomic<std::size_t> next{0};
    const auto begin = std::chrono::steady_clock::now();
    const auto work = [&] {
      for (std::size_t i = next++; i < boxes.size(); i = next++) reader.read(*array, boxes[i]);
    };
    std::vector<std::thread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(work);
    work();
    for (auto& thread : others) thread.join();
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if (repetition != 0) std::printf("pure_decoding_%d_threads %.3f s\n", threads, wall);
  }
}

}  // namespace

int main(int argc, char** argv) {
  // As the program does: freed blocks are used again rather than given back.
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 128 << 20);
  try {
    if (argc >= 3 && std::string(argv[1]) != "--repetitions") {
      decode_variable(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : static_cast<int>(std::thread::hardware_concurrency()));
      return 0;
    }
    const int repetitions = argc >= 3 ? std::max(1, std::atoi(argv[2])) : 15;
    const std::vector<float> values = temperatures();
    const Folder folder;
    for (Case& one : cases())
      if (argc < 4 || one.name == argv[3]) measure(one, values, folder.path, repetitions);
  } catch (const Error& error) {
    fail(error.what());
  }
}
