#include "spill/block_file.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "codec/checksum.hpp"
#include "codec/codec.hpp"

namespace rankine::spill {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

struct PieceHead {
  std::uint32_t raw = 0, stored = 0, crc32c = 0, compressed = 0;
};

/// Closes with its life.
struct Descriptor {
  int value = -1;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

const codec::Pipeline& lz4() {
  static const codec::Pipeline pipeline = [] {
    codec::Codec codec;
    codec.kind = codec::Kind::lz4;
    return codec::Pipeline{codec};
  }();
  return pipeline;
}

[[noreturn]] void fail_write(const std::string& path, int reason) {
  const std::string text = "cannot write " + path + ": " + std::strerror(reason);
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG) throw ScratchFull(text);
  throw OutputError(text);
}

void write_all(int descriptor, const PieceHead& head, std::span<const std::byte> stored, const std::string& path) {
  iovec parts[2] = {{const_cast<PieceHead*>(&head), sizeof head}, {const_cast<std::byte*>(stored.data()), stored.size()}};
  iovec* next = parts;
  int count = 2;
  while (count != 0) {
    const ssize_t put = ::writev(descriptor, next, count);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail_write(path, put < 0 ? errno : ENOSPC);
    auto left = static_cast<std::size_t>(put);
    while (count != 0 && left >= next->iov_len) {
      left -= next->iov_len;
      ++next;
      --count;
    }
    if (count == 0) break;
    next->iov_base = static_cast<std::byte*>(next->iov_base) + left;
    next->iov_len -= left;
  }
}

void read_all(int descriptor, void* into, std::size_t bytes, const std::string& path) {
  std::size_t done = 0;
  while (done < bytes) {
    const ssize_t got = ::read(descriptor, static_cast<std::byte*>(into) + done, bytes - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw InputError("cannot read back " + path + ": " + (got < 0 ? std::strerror(errno) : "it ends too early"));
    done += static_cast<std::size_t>(got);
  }
}

}  // namespace

Bytes write_block_file(const std::string& path, std::span<const std::span<const std::byte>> parts, Compression compression,
                       ScratchUse& use, const std::atomic<bool>& cancelled) {
  const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (file.value < 0) fail_write(path, errno);
  std::uint64_t written = 0;
  const auto undo = [&] {
    ::unlink(path.c_str());
    use.used -= written;
  };
  try {
    codec::Scratch scratch;
    std::vector<std::byte> packed;
    for (const auto& part : parts)
      for (std::size_t at = 0; at < part.size(); at += piece_bytes) {
        if (cancelled.load(std::memory_order_relaxed)) {
          undo();
          return {};
        }
        const auto raw = part.subspan(at, std::min(piece_bytes, part.size() - at));
        std::span<const std::byte> stored = raw;
        if (compression == Compression::lz4) {
          packed = codec::encode(lz4(), raw, scratch);
          if (packed.size() < raw.size()) stored = packed;
        }
        const PieceHead head{static_cast<std::uint32_t>(raw.size()), static_cast<std::uint32_t>(stored.size()),
                             codec::crc32c(stored), stored.data() != raw.data()};
        const std::uint64_t bytes = sizeof head + stored.size();
        if ((use.used += bytes) > use.limit.value) {
          use.used -= bytes;
          throw ScratchFull("cannot write " + path + ": the limit of " + format_bytes(use.limit) + " for spilled blocks is reached");
        }
        written += bytes;
        write_all(file.value, head, stored, path);
      }
  } catch (...) {
    undo();
    throw;
  }
  return {written};
}

void read_block_file(const std::string& path, std::span<const std::span<std::byte>> parts) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC)};
  if (file.value < 0) throw InputError("cannot read back " + path + ": " + std::strerror(errno));
  const auto damaged = [&] { return InputError(path + " is damaged: it does not hold what was written to it"); };
  codec::Scratch scratch;
  std::vector<std::byte> packed;
  for (const auto& part : parts)
    for (std::size_t at = 0; at < part.size();) {
      PieceHead head;
      read_all(file.value, &head, sizeof head, path);
      if (head.raw == 0 || head.raw > part.size() - at || head.stored > head.raw || head.compressed > 1 ||
          (head.compressed == 0 && head.stored != head.raw))
        throw damaged();
      const auto raw = part.subspan(at, head.raw);
      std::span<std::byte> stored = raw;
      if (head.compressed != 0) {
        packed.resize(head.stored);
        stored = packed;
      }
      read_all(file.value, stored.data(), stored.size(), path);
      if (codec::crc32c(stored) != head.crc32c) throw damaged();
      if (head.compressed != 0) codec::decode(lz4(), 0, packed, raw, scratch);
      at += head.raw;
    }
  std::byte more;
  if (::read(file.value, &more, 1) != 0) throw damaged();
}

void remove_block_file(const std::string& path, Bytes bytes, ScratchUse& use) {
  if (::unlink(path.c_str()) == 0) use.used -= bytes.value;
}

}  // namespace rankine::spill
