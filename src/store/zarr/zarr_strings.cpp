#include "store/zarr/zarr_strings.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "grid/box.hpp"
#include "store/chunk_read.hpp"

namespace rankine::store {
namespace {

// Strings are coordinates and labels: what decodes to more than this is damaged or not ours to hold.
constexpr std::size_t text_limit_bytes = std::size_t{1} << 30;
// Texts that were never written take memory too: a few bytes of metadata must not ask for all of it.
constexpr std::size_t most_texts = std::size_t{1} << 22;

void append_utf8(std::string& text, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (point > 0x10ffff) throw InputError("a text holds a code point that Unicode does not have");
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

// Malformed bytes count as Latin-1, so that no input is refused on its way out.
std::vector<std::uint32_t> code_points(const std::string& text) {
  std::vector<std::uint32_t> points;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int more = lead < 0x80 ? 0 : lead >> 5 == 6 ? 1 : lead >> 4 == 14 ? 2 : lead >> 3 == 30 ? 3 : -1;
    bool sound = more >= 0 && i + static_cast<std::size_t>(more) < text.size();
    std::uint32_t point = more <= 0 ? lead : lead & (0x3fu >> more);
    for (int k = 1; sound && k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + static_cast<std::size_t>(k)]);
      sound = next >> 6 == 2;
      point = point << 6 | (next & 0x3fu);
    }
    points.push_back(sound ? point : lead);
    i += sound ? static_cast<std::size_t>(more) + 1 : 1;
  }
  return points;
}

std::vector<std::string> texts_of_chunk(const ZarrArray& array, std::span<const std::byte> bytes, std::size_t count) {
  if (array.elements == ZarrArray::Elements::variable_text && bytes.size() / 4 < count)
    throw InputError("it does not hold " + std::to_string(count) + " texts");
  std::vector<std::string> texts(count);
  if (array.elements == ZarrArray::Elements::variable_text) {
    // numcodecs vlen-utf8: u32 count, then u32 length and bytes of each.
    std::size_t at = 0;
    const auto number = [&] {
      std::uint32_t value = 0;
      if (bytes.size() - at < sizeof value) throw InputError("the texts end too early");
      std::memcpy(&value, bytes.data() + at, sizeof value);
      at += sizeof value;
      return value;
    };
    if (number() != count) throw InputError("it does not hold " + std::to_string(count) + " texts");
    for (std::string& text : texts) {
      const std::size_t length = number();
      if (bytes.size() - at < length) throw InputError("the texts end too early");
      text.assign(reinterpret_cast<const char*>(bytes.data()) + at, length);
      at += length;
    }
    return texts;
  }
  const auto width = static_cast<std::size_t>(array.text_width);
  const bool is_bytes = array.elements == ZarrArray::Elements::fixed_bytes;
  if (bytes.size() != count * width * (is_bytes ? 1 : 4))
    throw InputError("it decodes to " + std::to_string(bytes.size()) + " bytes, which do not hold " +
                     std::to_string(count) + " texts");
  for (std::size_t i = 0; i < count; ++i) {
    if (is_bytes) {
      texts[i].assign(reinterpret_cast<const char*>(bytes.data()) + i * width, width);
      texts[i].erase(texts[i].find_last_not_of('\0') + 1);
      continue;
    }
    std::vector<std::uint32_t> points(width);
    if (width != 0) std::memcpy(points.data(), bytes.data() + i * width * 4, width * 4);
    if (array.stored.big_endian) codec::swap_bytes(std::as_writable_bytes(std::span(points)), 4);
    while (!points.empty() && points.back() == 0) points.pop_back();
    for (const auto point : points) append_utf8(texts[i], point);
  }
  return texts;
}

// Texts of one chunk; empty if it was never written.
std::vector<std::string> read_chunk(const ZarrArray& array, const ZarrChunkSource& source, const Index& chunk,
                                    std::size_t count) {
  try {
    const auto object = source.open(source.object_of(chunk));
    const auto place = object ? source.locate(*object, chunk) : std::nullopt;
    if (!place) return {};
    if (place->bytes > object->size()) throw InputError("it lies behind its object's end");
    std::vector<std::byte> stored(place->bytes);
    object->read_at(place->offset, stored);
    const auto bytes = codec::decode_any_size(array.stored.codecs, stored, text_limit_bytes,
                                              ThreadBuffers::of_this_thread().codecs);
    return texts_of_chunk(array, bytes, count);
  } catch (const InputError& error) {
    throw InputError("cannot read chunk " + format_tuple(chunk) + " of " + array.stored.variable + " in " +
                     array.stored.path + ": " + error.what());
  }
}

}  // namespace

NdArray read_zarr_strings(const ZarrArray& array) {
  const array::StoredArray& stored = array.stored;
  const auto total = static_cast<std::size_t>(element_count(stored.shape));
  const auto chunk_elements = static_cast<std::size_t>(element_count(stored.chunk_shape));
  if (total > most_texts || chunk_elements > most_texts || total * array.text_fill.size() > text_limit_bytes)
    throw InputError("cannot read " + stored.variable + " in " + stored.path + ": it has " + std::to_string(total) +
                     " texts, more than are read at once");
  ZarrReading reading;
  const ZarrChunkSource source(stored, reading);
  std::vector<std::string> texts(total, array.text_fill);
  const Shape strides = c_strides(stored.shape);
  Box chunks = Box::whole(stored.shape);
  for (int axis = 0; axis < chunks.ndim(); ++axis)
    chunks.end[axis] = ceil_div(stored.shape[axis], stored.chunk_shape[axis]);
  for_each_index(chunks, [&](const Index& chunk) {
    auto decoded = read_chunk(array, source, chunk, chunk_elements);
    if (decoded.empty()) return;
    for_each_index(Box::whole(stored.chunk_shape), [&, i = std::size_t{0}](const Index& at) mutable {
      std::size_t from = i++;
      if (stored.fortran_order) {
        from = 0;
        for (std::size_t axis = at.size(); axis-- > 0;)
          from = from * static_cast<std::size_t>(stored.chunk_shape[axis]) + static_cast<std::size_t>(at[axis]);
      }
      std::int64_t to = 0;
      for (std::size_t axis = 0; axis < at.size(); ++axis) {
        const std::int64_t position = chunk[axis] * stored.chunk_shape[axis] + at[axis];
        if (position >= stored.shape[axis]) return;
        to += position * strides[axis];
      }
      texts[static_cast<std::size_t>(to)] = std::move(decoded[from]);
    });
  });
  return NdArray::from_strings(std::move(texts), stored.shape);
}

std::int64_t text_width_of(const NdArray& strings) {
  std::size_t width = 1;
  for (const std::string& text : strings.strings()) width = std::max(width, code_points(text).size());
  return static_cast<std::int64_t>(width);
}

std::vector<std::byte> encode_variable_text(const NdArray& strings) {
  std::vector<std::byte> bytes;
  const auto put = [&](std::size_t value) {
    const auto word = static_cast<std::uint32_t>(value);
    const auto* raw = reinterpret_cast<const std::byte*>(&word);
    bytes.insert(bytes.end(), raw, raw + sizeof word);
  };
  put(strings.strings().size());
  for (const std::string& text : strings.strings()) {
    put(text.size());
    const auto* raw = reinterpret_cast<const std::byte*>(text.data());
    bytes.insert(bytes.end(), raw, raw + text.size());
  }
  return bytes;
}

std::vector<std::byte> encode_fixed_bytes(const NdArray& strings, std::int64_t width) {
  const auto element = static_cast<std::size_t>(width);
  std::vector<std::byte> bytes(static_cast<std::size_t>(strings.size()) * element);
  for (std::size_t i = 0; i < strings.strings().size(); ++i) {
    const std::string& text = strings.strings()[i];
    if (!text.empty()) std::memcpy(bytes.data() + i * element, text.data(), std::min(element, text.size()));
  }
  return bytes;
}

std::vector<std::byte> encode_fixed_text(const NdArray& strings, std::int64_t text_width) {
  const std::size_t element = static_cast<std::size_t>(text_width) * 4;
  std::vector<std::byte> bytes(static_cast<std::size_t>(strings.size()) * element);
  for (std::size_t i = 0; i < strings.strings().size(); ++i) {
    const auto points = code_points(strings.strings()[i]);
    if (!points.empty()) std::memcpy(bytes.data() + i * element, points.data(), std::min(element, points.size() * 4));
  }
  return bytes;
}

}  // namespace rankine::store
