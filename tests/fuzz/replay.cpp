// Runs a fuzz target without libFuzzer: every file of the folders given, and seeded mutations of each.
//     fuzz_NAME FOLDER|FILE...
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

/// Flips bits, overwrites, cuts, repeats: a few at a time.
Bytes mutated(Bytes bytes, std::mt19937& random) {
  const auto below = [&](std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random); };
  for (std::size_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
    const std::size_t at = below(bytes.size());
    switch (below(5)) {
      case 0: bytes[at] ^= static_cast<std::uint8_t>(1u << below(8)); break;
      case 1: bytes[at] = static_cast<std::uint8_t>(below(256)); break;
      case 2: bytes[at] = below(2) == 0 ? 0xff : 0x00; break;
      case 3: bytes.resize(at); break;
      default: {
        const Bytes copy(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), at + 8)));
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size())), copy.begin(), copy.end());
      }
    }
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int mutations = 300;
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) files.emplace_back(argv[i]);
    else for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    const Bytes bytes = read(file);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    for (int seed = 0; argc == 2 && seed < mutations; ++seed) {
      std::mt19937 random(static_cast<unsigned>(seed));
      const Bytes changed = mutated(bytes, random);
      // What a crash leaves behind says how to repeat it.
      std::printf("%s mutation %d\n", file.filename().c_str(), seed);
      LLVMFuzzerTestOneInput(changed.data(), changed.size());
    }
  }
  if (files.empty()) std::printf("no input in %s\n", argc > 1 ? argv[1] : "the arguments");
  return files.empty() ? 1 : 0;
}
