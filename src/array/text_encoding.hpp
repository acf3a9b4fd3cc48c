#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace rankine::array {

/// How the bytes of a char array spell text: the codecs of Python's list that NetCDF files name in `_Encoding`.
enum class TextEncoding : std::uint8_t { utf8, ascii, latin1, latin9, cp1252 };

/// By any of the codec's names in Python ("latin-1", "ISO 8859-1", "L1"); nullopt for codecs that are not known here.
std::optional<TextEncoding> text_encoding_named(const std::string& name);

/// The text in UTF-8. nullopt where the bytes are none of the encoding, as Python's strict decoding sees it.
std::optional<std::string> decode_text(const std::string& bytes, TextEncoding encoding);
/// The bytes of a text in UTF-8. nullopt where the encoding lacks one of its characters.
std::optional<std::string> encode_text(const std::string& text, TextEncoding encoding);

/// The codecs' names, as messages list them.
std::string known_text_encodings();

}  // namespace rankine::array
