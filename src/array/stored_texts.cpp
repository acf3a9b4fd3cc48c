#include "array/stored_texts.hpp"

#include <algorithm>
#include <charconv>

#include "array/cf_encode_chunks.hpp"
#include "array/text_encoding.hpp"
#include "base/check.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

/// N of "S5", "|S5" or the JSON text "\"|S5\"".
std::optional<std::int64_t> width_in(std::string dtype) {
  std::erase_if(dtype, [](char c) { return c == '"' || c == '|'; });
  if (dtype.size() < 2 || dtype[0] != 'S') return {};
  std::int64_t width = 0;
  const auto [end, error] = std::from_chars(dtype.data() + 1, dtype.data() + dtype.size(), width);
  if (error != std::errc() || end != dtype.data() + dtype.size() || width < 0) return {};
  return std::max<std::int64_t>(width, 1);
}

std::int64_t longest(const NdArray& texts) {
  std::size_t length = 1;
  for (const std::string& text : texts.strings()) length = std::max(length, text.size());
  return static_cast<std::int64_t>(length);
}

/// The length of the dim of characters; 0 if the variable has none.
std::int64_t character_count(const Attributes& encoding) {
  const AttributeValue* found = encoding.find("original_shape");
  const auto* extents = found == nullptr ? nullptr : std::get_if<NdArray>(found);
  if (!encoding.contains("char_dim_name") || extents == nullptr || extents->size() == 0) return 0;
  return extents->as_int64(extents->size() - 1);
}

/// Texts as the bytes that they are in the encoding of the variable (UTF-8 where none is named), whose name they get.
void spell_out(OutputVariable& out, const Variable& variable) {
  const std::string* given = variable.encoding.text("_Encoding");
  const std::string name = given == nullptr ? "utf-8" : *given;
  const auto encoding = text_encoding_named(name);
  if (!encoding)
    throw UsageError("cannot write variable '" + out.name + "': the text encoding '" + name + "' of its encoding is unknown here; known are " +
                     known_text_encodings());
  std::vector<std::string> spelled;
  for (const std::string& text : out.value->strings()) {
    auto bytes = encode_text(text, *encoding);
    if (!bytes)
      throw UsageError("cannot write variable '" + out.name + "': '" + name + "' cannot encode \"" + text +
                       "\"; give it another with encoding={'" + out.name + "': {'dtype': 'S1', '_Encoding': 'utf-8'}}");
    spelled.push_back(std::move(*bytes));
  }
  out.value = NdArray::from_strings(std::move(spelled), out.value->shape());
  out.attributes.set("_Encoding", name);
}

bool is_character_array(const StoredVariable& stored) {
  const std::string* dtype = stored.encoding.text("dtype");
  return !stored.data && dtype != nullptr && *dtype == "S1";
}

}  // namespace

std::optional<std::int64_t> byte_width(const Variable& variable) {
  const std::string* dtype = variable.encoding.text("dtype");
  if (variable.dtype() != DType::string || dtype == nullptr || variable.encoding.contains("_Encoding")) return {};
  const auto width = width_in(*dtype);
  if (width && variable.encoding.contains("char_dim_name"))
    return std::max<std::int64_t>(character_count(variable.encoding), 1);
  return width;
}

bool keeps_characters_apart(const StoredVariable& stored, const Catalogue& catalogue) {
  const std::string* dim = stored.encoding.text("char_dim_name");
  if (dim == nullptr || !is_character_array(stored)) return false;
  return std::any_of(catalogue.variables.begin(), catalogue.variables.end(), [&](const StoredVariable& other) {
    return other.name == *dim || std::find(other.dims.begin(), other.dims.end(), *dim) != other.dims.end();
  });
}

Variable characters_apart(Variable variable) {
  const auto* joined = variable.data->as<Constant>();
  const std::string* dim = variable.encoding.text("char_dim_name");
  RANKINE_CHECK(joined != nullptr && dim != nullptr, "a char array comes without its characters");
  const std::int64_t count = character_count(variable.encoding);
  Shape shape = variable.shape();
  shape.push_back(count);
  std::vector<std::string> characters;
  for (const std::string& text : joined->value.strings())
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      characters.emplace_back(i < text.size() && text[i] != '\0' ? std::string(1, text[i]) : std::string());
  variable.dims.push_back(*dim);
  variable.encoding.erase("char_dim_name");
  variable.data = constant(NdArray::from_strings(std::move(characters), std::move(shape)));
  return variable;
}

void choose_text_storage(OutputVariable& out, const Variable& variable, std::optional<std::int64_t> bytes, OutputFormat format) {
  if (out.dtype != DType::string || !out.value) return;
  const std::string* dtype = variable.encoding.text("dtype");
  const bool wants_characters = dtype != nullptr && width_in(*dtype).has_value();
  if (is_zarr(format)) {
    if (format != OutputFormat::zarr2) return;
    const bool spelled = !bytes && wants_characters && variable.encoding.contains("_Encoding");
    if (spelled) spell_out(out, variable);
    if (bytes || spelled) out.character_count = std::max(bytes.value_or(1), longest(*out.value));
    return;
  }
  if (!bytes && !wants_characters && !is_classic(format)) return;
  if (!bytes && !out.attributes.contains("_Encoding")) spell_out(out, variable);
  out.character_count = std::max(bytes.value_or(1), longest(*out.value));
  const std::string* dim = variable.encoding.text("char_dim_name");
  out.character_dim = dim != nullptr ? *dim : "string" + std::to_string(out.character_count);
}

}  // namespace rankine::array
