#include "journal/record.hpp"

#include <algorithm>
#include <cstring>

#include "base/byte_stream.hpp"
#include "codec/checksum.hpp"

namespace rankine::journal {
namespace {

constexpr char name_and_version[8] = {'R', 'A', 'N', 'K', 'J', 'R', 'N', '2'};
constexpr std::size_t head_bytes = 16;  // u64 payload length, u32 kind, u32 checksum

std::uint32_t checksum_of(std::uint64_t length, std::uint32_t kind, std::span<const std::byte> payload) {
  ByteWriter bytes;
  bytes.put(length);
  bytes.put(kind);
  bytes.put_raw(payload.data(), payload.size());
  return codec::crc32c(bytes.take());
}

}  // namespace

std::vector<std::byte> journal_head() {
  std::vector<std::byte> head(sizeof name_and_version);
  std::memcpy(head.data(), name_and_version, head.size());
  return head;
}

std::vector<std::byte> encode_record(const Record& record) {
  ByteWriter writer;
  const std::uint64_t length = record.payload.size();
  writer.put(length);
  writer.put(record.kind);
  writer.put(checksum_of(length, record.kind, record.payload));
  writer.put_raw(record.payload.data(), record.payload.size());
  return writer.take();
}

ParsedJournal parse_journal(std::span<const std::byte> bytes, const std::string& path) {
  const std::vector<std::byte> head = journal_head();
  ParsedJournal parsed;
  // Not even the head was written before the crash.
  if (bytes.size() < head.size() && std::equal(bytes.begin(), bytes.end(), head.begin())) {
    parsed.torn_bytes = bytes.size();
    return parsed;
  }
  if (bytes.size() < head.size() || std::memcmp(bytes.data(), head.data(), 7) != 0)
    throw InputError(path + " is no journal of rankine; name another run directory");
  if (bytes[7] != head[7])
    throw InputError(path + " was written by another version of rankine; use that one, or start over with --fresh");
  std::size_t at = head.size();
  while (bytes.size() - at >= head_bytes) {
    ByteReader reader(bytes.subspan(at, head_bytes));
    const auto length = reader.get<std::uint64_t>();
    const auto kind = reader.get<std::uint32_t>();
    const auto checksum = reader.get<std::uint32_t>();
    if (length > bytes.size() - at - head_bytes) break;
    const auto payload = bytes.subspan(at + head_bytes, static_cast<std::size_t>(length));
    if (checksum != checksum_of(length, kind, payload)) break;
    parsed.records.push_back({kind, {payload.begin(), payload.end()}});
    at += head_bytes + payload.size();
  }
  parsed.sound_bytes = at;
  parsed.torn_bytes = bytes.size() - at;
  return parsed;
}

}  // namespace rankine::journal
