#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rankine::journal {

/// One entry of a journal. The kinds and their payloads are run_records.hpp's.
struct Record {
  std::uint32_t kind = 0;
  std::vector<std::byte> payload;
  bool operator==(const Record&) const = default;
};

/// A journal begins with these eight bytes: a name and the version of its layout.
std::vector<std::byte> journal_head();

/// Length, kind, crc32c of both and of the payload, payload; little endian.
std::vector<std::byte> encode_record(const Record& record);

struct ParsedJournal {
  std::vector<Record> records;
  std::uint64_t sound_bytes = 0;   ///< up to the end of the last whole record
  std::uint64_t torn_bytes = 0;    ///< behind it: what a crash left half written
};

/// The records up to the first that is incomplete or does not fit its checksum: what follows it was never promised.
/// Throws InputError naming `path` if the bytes are no journal, or one of another version.
ParsedJournal parse_journal(std::span<const std::byte> bytes, const std::string& path);

}  // namespace rankine::journal
