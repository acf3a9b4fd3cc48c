#include "array/cf_encode_chunks.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "array/cf_encode_variable.hpp"
#include "array/cf_encode_zarr.hpp"
#include "array/cf_scalar.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

const std::set<std::string> netcdf_keys = {"zlib", "complevel", "fletcher32", "contiguous", "chunksizes", "shuffle",
                                           "_FillValue", "dtype", "compression", "least_significant_digit", "quantize_mode",
                                           "significant_digits"};

DType classic_dtype(DType dtype) {
  switch (dtype) {
    case DType::int64:
    case DType::uint64:
    case DType::uint32: return DType::int32;
    case DType::uint16: return DType::int16;
    case DType::uint8:
    case DType::boolean: return DType::int8;
    default: return dtype;
  }
}

/// The array in a NetCDF-3 dtype; false if a value changes by it.
bool to_classic(const NdArray& values, NdArray& out) {
  const DType dtype = classic_dtype(values.dtype());
  if (dtype == values.dtype() || dtype == DType::string) {
    out = values;
    return true;
  }
  out = NdArray(dtype, values.shape());
  bool exact = true;
  dispatch(values.dtype(), [&]<typename From>() {
    dispatch(dtype, [&]<typename To>() {
      for (std::int64_t i = 0; i < values.size(); ++i) {
        const From value = values.data<From>()[i];
        const To narrow = static_cast<To>(value);
        exact = exact && static_cast<From>(narrow) == value && (narrow < To{}) == (value < From{});
        out.data<To>()[i] = narrow;
      }
    });
  });
  return exact;
}

/// Chunk extents of the encoding; empty if there are none, one for every axis if there is one number.
Shape encoded_chunks(const Variable& variable, const std::string& key) {
  const AttributeValue* value = encoding_of(variable, key);
  const auto* numbers = value == nullptr ? nullptr : std::get_if<NdArray>(value);
  if (numbers == nullptr || numbers->dtype() == DType::string) return {};
  if (numbers->ndim() == 0) return Shape(variable.shape().size(), numbers->as_int64(0));
  Shape chunks;
  for (std::int64_t i = 0; i < numbers->size(); ++i) chunks.push_back(numbers->as_int64(i));
  return chunks;
}

Shape clamped(Shape chunks, const Shape& shape) {
  for (std::size_t axis = 0; axis < chunks.size(); ++axis)
    chunks[axis] = std::clamp<std::int64_t>(chunks[axis], 1, std::max<std::int64_t>(shape[axis], 1));
  return chunks;
}

Shape suggested(const OutputVariable& out, const Variable& variable, const EncodeOptions& options) {
  Shape chunks = options.suggested_chunks ? options.suggested_chunks(out.name, variable) : Shape{};
  if (chunks.size() != out.shape.size()) chunks = out.shape;
  for (std::size_t axis = 0; axis < chunks.size(); ++axis)
    if (chunks[axis] <= 0) chunks[axis] = out.shape[axis];
  return clamped(std::move(chunks), out.shape);
}

bool same_shape(const Shape& shape, const AttributeValue* original) {
  const auto* numbers = original == nullptr ? nullptr : std::get_if<NdArray>(original);
  if (numbers == nullptr) return true;
  if (numbers->size() != static_cast<std::int64_t>(shape.size())) return false;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (numbers->as_int64(static_cast<std::int64_t>(axis)) != shape[axis]) return false;
  return true;
}

[[noreturn]] void bad_chunks(const OutputVariable& out, const std::string& key, const Shape& chunks) {
  throw UsageError("cannot write variable '" + out.name + "': encoding " + key + "=" + format_tuple(chunks) +
                   " does not fit its shape " + format_tuple(out.shape));
}

void choose_netcdf_storage(OutputVariable& out, const Variable& variable, const EncodeOptions& options,
                           const std::vector<std::string>& unlimited_dims, bool from_user) {
  const auto is_unlimited = [&](const std::string& dim) {
    return std::find(unlimited_dims.begin(), unlimited_dims.end(), dim) != unlimited_dims.end();
  };
  bool deflate = encoding_flag(variable, "zlib", false);
  if (const std::string* compression = variable.encoding.text("compression"); compression != nullptr && from_user) {
    if (*compression != "zlib" && *compression != "gzip")
      throw UnsupportedError("cannot write variable '" + out.name + "': compression '" + *compression +
                             "' is not supported in NetCDF-4; use zlib=True");
    deflate = true;
  }
  const bool checksum = encoding_flag(variable, "fletcher32", false);
  const bool has_unlimited = std::any_of(out.dims.begin(), out.dims.end(), is_unlimited);
  Shape chunks = encoded_chunks(variable, "chunksizes");
  if (!chunks.empty() && chunks.size() != out.shape.size()) {
    if (from_user) bad_chunks(out, "chunksizes", chunks);
    chunks.clear();
  }
  bool too_big = false;
  for (std::size_t axis = 0; axis < chunks.size(); ++axis) {
    if (chunks[axis] < 1) bad_chunks(out, "chunksizes", chunks);
    too_big = too_big || (chunks[axis] > out.shape[axis] && !is_unlimited(out.dims[axis]));
  }
  if (too_big && from_user) bad_chunks(out, "chunksizes", chunks);
  if (!from_user && (too_big || !same_shape(out.shape, encoding_of(variable, "original_shape")))) chunks.clear();

  const bool contiguous = from_user && encoding_flag(variable, "contiguous", false) && !has_unlimited;
  if (contiguous) return;
  if (chunks.empty() && !deflate && !checksum && !has_unlimited) return;
  out.chunk_shape = chunks.empty() ? suggested(out, variable, options) : clamped(std::move(chunks), out.shape);
  const int element_bytes = static_cast<int>(size_of(out.dtype));
  if (deflate) {
    const int level = static_cast<int>(encoding_number(variable, "complevel", 4));
    if (level < 0 || level > 9)
      throw UsageError("cannot write variable '" + out.name + "': complevel must lie between 0 and 9");
    if (encoding_flag(variable, "shuffle", true))
      out.codecs.push_back({.kind = codec::Kind::shuffle, .element_bytes = element_bytes, .blosc_compressor = {}});
    if (level > 0) out.codecs.push_back({.kind = codec::Kind::deflate, .level = level, .blosc_compressor = {}});
  }
  if (checksum) out.codecs.push_back({.kind = codec::Kind::fletcher32, .blosc_compressor = {}});
}

}  // namespace

bool is_netcdf3(OutputFormat format) {
  return format == OutputFormat::netcdf3_64bit || format == OutputFormat::netcdf3_classic ||
         format == OutputFormat::netcdf3_64bit_data;
}
bool is_classic(OutputFormat format) { return is_netcdf3(format) || format == OutputFormat::netcdf4_classic; }

void check_encoding_keys(const std::string& name, const Variable& variable, OutputFormat format) {
  const bool zarr = is_zarr(format);
  std::vector<std::string> valid(netcdf_keys.begin(), netcdf_keys.end());
  if (zarr) valid = zarr_keys();
  std::vector<std::string> invalid;
  for (const auto& [key, value] : variable.encoding) {
    if (zarr && key == "dtype" && asks_for_half_floats(variable)) continue;
    const bool of_texts = variable.dtype() == DType::string && (key == "dtype" || key == "char_dim_name" || key == "_Encoding");
    if (!of_texts && std::find(valid.begin(), valid.end(), key) == valid.end()) invalid.push_back(key);
  }
  if (invalid.empty()) return;
  throw UsageError("unexpected encoding parameters for variable '" + name + "' in " + (zarr ? "Zarr" : "NetCDF") + ": " +
                   format_names(invalid) + ". Valid encodings are: " +
                   format_names(valid) +
                   " and CF's units, calendar, scale_factor, add_offset, missing_value");
}

void make_classic(const std::string& name, Variable& variable, OutputFormat format) {
  const DType dtype = format == OutputFormat::netcdf3_64bit_data ? variable.dtype() : classic_dtype(variable.dtype());
  if (const auto* known = variable.data->as<Constant>()) {
    NdArray narrow;
    if (!to_classic(known->value, narrow))
      throw UsageError("cannot write variable '" + name + "': could not safely cast array from dtype " +
                       name_of(variable.dtype()) + " to " + name_of(dtype) + ", the widest that the format has");
    variable.data = constant(std::move(narrow));
  } else {
    variable.data = cast(variable.data, dtype);
  }
  make_classic(variable.attrs, format, " of variable '" + name + "'");
}

void make_classic(Attributes& attributes, OutputFormat format, const std::string& owner) {
  if (format == OutputFormat::netcdf3_64bit_data) return;
  for (const auto& [key, value] : Attributes(attributes)) {
    const auto* numbers = std::get_if<NdArray>(&value);
    if (numbers == nullptr) continue;
    NdArray narrow;
    if (!to_classic(*numbers, narrow))
      throw UsageError("cannot write attribute '" + key + "'" + owner + ": its value of dtype " + name_of(numbers->dtype()) +
                       " does not fit " + name_of(classic_dtype(numbers->dtype())) + ", which the format has instead; " +
                       "write format='NETCDF4', or change the dtype or the attribute");
    attributes.set(key, std::move(narrow));
  }
}

namespace {

/// quantize_mode and significant_digits, as netCDF4-python's createVariable takes them.
void choose_rounding(OutputVariable& out, const Variable& variable) {
  const AttributeValue* digits = encoding_of(variable, "significant_digits");
  if (digits == nullptr) return;
  const std::string* mode = variable.encoding.text("quantize_mode");
  const std::string name = mode == nullptr ? "BitGroom" : *mode;  // netCDF4-python's default
  struct Mode { const char* name; Quantize quantize; const char* attribute; const char* unit; int most_float; int most_double; };
  static constexpr Mode modes[] = {
      {"BitGroom", Quantize::bit_groom, "_QuantizeBitGroomNumberOfSignificantDigits", "digits", 7, 15},
      {"GranularBitRound", Quantize::granular_bit_round, "_QuantizeGranularBitRoundNumberOfSignificantDigits", "digits", 7, 15},
      {"BitRound", Quantize::bit_round, "_QuantizeBitRoundNumberOfSignificantBits", "bits", 23, 52}};
  const auto chosen = std::find_if(std::begin(modes), std::end(modes), [&](const Mode& one) { return name == one.name; });
  if (chosen == std::end(modes))
    throw UsageError("cannot write variable '" + out.name + "': quantize_mode='" + name +
                     "' is unknown; use 'BitGroom', 'GranularBitRound' or 'BitRound'");
  if (!is_float(out.dtype)) throw UsageError("cannot write variable '" + out.name + "': significant_digits are for floats");
  const int most = out.dtype == DType::float32 ? chosen->most_float : chosen->most_double;
  const double wished = encoding_number(variable, "significant_digits", 0);
  if (wished < 1 || wished > most || wished != std::floor(wished))
    throw UsageError("cannot write variable '" + out.name + "': significant_digits must lie between 1 and " +
                     std::to_string(most) + " " + chosen->unit);
  out.keep_digits = static_cast<int>(wished);
  out.quantize = chosen->quantize;
  out.attributes.set(chosen->attribute, NdArray::scalar(static_cast<std::int32_t>(wished)));
}

}  // namespace

void choose_storage(OutputVariable& out, const Variable& variable, const EncodeOptions& options,
                    const std::vector<std::string>& unlimited_dims, bool from_user) {
  if (is_zarr(options.format)) {
    choose_zarr_storage(out, variable, options.format, suggested(out, variable, options), from_user);
  } else if (!is_netcdf3(options.format) && !out.shape.empty() && out.dtype != DType::string) {
    choose_netcdf_storage(out, variable, options, unlimited_dims, from_user);
  }
  if (!is_zarr(options.format)) choose_rounding(out, variable);
}

}  // namespace rankine::array
