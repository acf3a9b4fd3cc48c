#include "runtime/saved_calls.hpp"

#include "base/byte_stream.hpp"
#include "runtime/saved_blocks.hpp"

namespace rankine::runtime {

void SavedCalls::add(const journal::CallsRecord& record) {
  const auto first_file = static_cast<std::uint32_t>(files_.size());
  files_.insert(files_.end(), record.files.begin(), record.files.end());
  done_.insert(record.done.begin(), record.done.end());
  for (const journal::SavedCall& call : record.saved) {
    done_.insert(call.key);
    const Place place{call.segment.file + first_file, call.segment.offset, call.segment.bytes, call.crc32c};
    if (places_.insert_or_assign(call.key, place).second) untaken_[call.key.high].push_back(call.key);
  }
}

std::uint64_t SavedCalls::saved_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [key, place] : places_) bytes += place.bytes;
  return bytes;
}

std::optional<std::vector<std::byte>> SavedCalls::place_of(const journal::CallKey& key) const {
  const auto found = places_.find(key);
  if (found == places_.end()) return std::nullopt;
  const Place& place = found->second;
  ByteWriter writer;
  writer.reserve(256);  // also spares g++ 12 a false warning
  writer.put_string(files_[place.file]);
  journal::write_to(writer, journal::SavedBlock{{}, {}, {{0, place.offset, place.bytes}}, place.crc32c});
  return writer.take();
}

journal::CallKey SavedCalls::take_equal(const journal::CallKey& key) {
  const auto equal = untaken_.find(key.high);
  if (equal == untaken_.end() || equal->second.empty() || equal->second.back().low != key.low) return key;
  const journal::CallKey taken = equal->second.back();
  equal->second.pop_back();
  return taken;
}

std::vector<std::byte> load_saved_call(std::span<const std::byte> arguments) {
  ByteReader reader(arguments);
  const std::vector<std::string> files{reader.get_string()};
  return load_payload(files, journal::read_saved_block(reader));
}

}  // namespace rankine::runtime
