// How fast are blocks spilled and read back, against what the same disk gives a plain write and read of the same bytes?
//
//   bench_spill [--dir DIR] [--blocks N] [--mib M] [--repetitions R] [--to cache|disk]
//
// The same blocks (float64, smooth and noisy halves) alternate between the spiller, uncompressed and with lz4, and one thread
// that writes and reads files with calls of 1 MiB, without fsync, as the spiller does. With `--to disk` writing ends when all is on
// the disk, for both, and what is read was put out of the page cache before. What is read is compared with what was
// written. Lines of `name value unit`: every repetition, then medians, and the ratios of medians to the plain ones.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/prng.hpp"
#include "exec/clock.hpp"
#include "runtime/spiller.hpp"

using namespace rankine;

namespace {

struct Options {
  std::string folder = "/tmp";
  std::size_t blocks = 64;
  std::size_t mib = 16;
  int repetitions = 5;
  bool to_disk = false;
};

struct Speed {
  double write = 0, read = 0;  ///< MiB/s
};

std::vector<runtime::BlockPtr> make_blocks(const Options& options) {
  std::vector<runtime::BlockPtr> blocks;
  Prng prng(1);
  for (std::size_t b = 0; b < options.blocks; ++b) {
    const auto count = static_cast<std::int64_t>(options.mib << 17);
    NdArray values(DType::float64, {count});
    for (std::int64_t i = 0; i < count; ++i)
      values.data<double>()[i] = i < count / 2 ? std::round(std::sin(static_cast<double>(i) * 1e-4) * 100) : prng.uniform();
    auto block = std::make_shared<runtime::Block>();
    block->parts.push_back(std::move(values));
    blocks.push_back(std::move(block));
  }
  return blocks;
}

void check(const runtime::Block& got, const runtime::Block& expected) {
  if (got.bytes() != expected.bytes() || std::memcmp(got.parts[0].raw(), expected.parts[0].raw(), got.bytes().value) != 0)
    throw std::runtime_error("a block came back as another");
}

/// All that was written is on the disk.
void settle(const Options& options) {
  if (!options.to_disk) return;
  const int folder = ::open(options.folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (folder < 0 || ::syncfs(folder) != 0) throw std::runtime_error("cannot sync " + options.folder);
  ::close(folder);
}

/// The page cache has none of it any more.
void forget(const Options& options) {
  if (!options.to_disk) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(options.folder)) {
    if (!entry.is_regular_file()) continue;
    const int file = ::open(entry.path().c_str(), O_RDONLY);
    if (file < 0 || ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) != 0) throw std::runtime_error("cannot forget " + entry.path().string());
    ::close(file);
  }
}

double mib_per_s(const Options& options, Instant begin) {
  return static_cast<double>(options.blocks * options.mib) / exec::seconds_between(begin, exec::now());
}

Speed by_plain_files(const Options& options, const std::vector<runtime::BlockPtr>& blocks) {
  constexpr std::size_t piece = std::size_t{1} << 20;
  const std::string folder = options.folder + "/bench-spill-plain";
  std::filesystem::create_directory(folder);
  Speed speed;
  const Instant begin = exec::now();
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const int file = ::open((folder + "/" + std::to_string(b)).c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const std::size_t size = blocks[b]->bytes().value;
    for (std::size_t at = 0; at < size; at += piece)
      if (::write(file, blocks[b]->parts[0].raw() + at, std::min(piece, size - at)) < 0) throw std::runtime_error("cannot write");
    ::close(file);
  }
  settle(options);
  speed.write = mib_per_s(options, begin);
  forget(options);
  const Instant again = exec::now();
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const std::size_t size = blocks[b]->bytes().value;
    runtime::Block back;
    back.parts.emplace_back(DType::float64, Shape{static_cast<std::int64_t>(size / 8)});
    const int file = ::open((folder + "/" + std::to_string(b)).c_str(), O_RDONLY);
    for (std::size_t at = 0; at < size; at += piece)
      if (::read(file, back.parts[0].raw() + at, std::min(piece, size - at)) < 0) throw std::runtime_error("cannot read");
    ::close(file);
    check(back, *blocks[b]);
  }
  speed.read = mib_per_s(options, again);
  std::filesystem::remove_all(folder);
  return speed;
}

Speed by_spiller(const Options& options, const std::vector<runtime::BlockPtr>& blocks, spill::Compression compression) {
  exec::Notifier notifier;
  runtime::SpillSettings settings;
  settings.scratch = options.folder;
  settings.limit = {UINT64_MAX / 2};
  settings.compression = compression;
  runtime::Spiller spiller(notifier, settings, 0);
  Speed speed;
  std::size_t finished = 0;
  const auto until = [&](std::size_t count) {
    while (finished < count) {
      for (const auto& done : spiller.take()) {
        if (!done.error.empty()) throw std::runtime_error(done.error);
        if (done.block) check(*done.block, *blocks[done.task.value]);
        ++finished;
      }
      if (finished < count) notifier.wait_for(std::chrono::milliseconds(100));
    }
  };
  const Instant begin = exec::now();
  for (std::uint32_t b = 0; b < blocks.size(); ++b) spiller.write({b}, b + 1, blocks[b]);
  until(blocks.size());
  settle(options);
  speed.write = mib_per_s(options, begin);
  forget(options);
  const Instant again = exec::now();
  for (std::uint32_t b = 0; b < blocks.size(); ++b) {
    spiller.read({b}, b + 1);  // one ahead, as tasks are claimed
    until(blocks.size() + b);
  }
  until(2 * blocks.size());
  speed.read = mib_per_s(options, again);
  return speed;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--dir") options.folder = argv[i + 1];
    else if (name == "--blocks") options.blocks = std::strtoul(argv[i + 1], nullptr, 10);
    else if (name == "--mib") options.mib = std::strtoul(argv[i + 1], nullptr, 10);
    else if (name == "--repetitions") options.repetitions = std::atoi(argv[i + 1]);
    else if (name == "--to") options.to_disk = std::strcmp(argv[i + 1], "disk") == 0;
  }
  if (options.blocks == 0 || options.mib == 0 || options.repetitions < 1) {
    std::fprintf(stderr, "usage: bench_spill [--dir DIR] [--blocks N] [--mib M] [--repetitions R] [--to cache|disk]\n");
    return 2;
  }
  try {
    options.folder += "/bench-spill";  // a folder of its own, which is searched
    std::filesystem::create_directory(options.folder);
    const auto blocks = make_blocks(options);
    std::map<std::string, std::vector<double>> all;
    const auto note = [&](const std::string& name, const Speed& speed) {
      for (const auto& [what, value] : {std::pair("_write", speed.write), std::pair("_read", speed.read)}) {
        all[name + what].push_back(value);
        std::printf("%s%s %.0f MiB/s\n", name.c_str(), what, value);
      }
    };
    for (int r = 0; r < options.repetitions; ++r) {
      note("plain", by_plain_files(options, blocks));
      note("spill", by_spiller(options, blocks, spill::Compression::none));
      note("spill_lz4", by_spiller(options, blocks, spill::Compression::lz4));
    }
    for (const auto& [name, values] : all) std::printf("median_%s %.0f MiB/s\n", name.c_str(), median(values));
    for (const char* name : {"spill", "spill_lz4"})
      for (const char* what : {"_write", "_read"})
        std::printf("ratio_%s%s %.2f of_plain\n", name, what, median(all[std::string(name) + what]) / median(all[std::string("plain") + what]));
    std::filesystem::remove(options.folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_spill: %s\n", error.what());
    return 1;
  }
  return 0;
}
