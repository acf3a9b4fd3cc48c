#include "array/attribute_check.hpp"

#include "array/cf_encode_chunks.hpp"
#include "array/cf_encode_variable.hpp"
#include "calendar/timeline.hpp"

namespace rankine::array {
namespace {

BadAttribute invalid_value(const std::string& name, const std::string& value) {
  return {"Invalid value for attr '" + name + "': " + value + ". For serialization to netCDF files, its value must be of one of "
          "the following types: str, Number, ndarray, number, list, tuple"};
}

BadAttribute illegal_type(const std::string& name, const std::string& type, const std::string& instead) {
  return {"illegal data type for attribute '" + name + "', must be one of i1, u1, i2, u2, i4, u4, i8, u8, f4, f8 or text, got " +
          type + "; write " + instead};
}

std::optional<BadAttribute> check(const std::string& name, const AttributeValue& value, OutputFormat format) {
  if (name.empty())
    return BadAttribute{"Invalid name for attr '': string must be length 1 or greater for serialization to netCDF files", false};
  const auto* array = std::get_if<NdArray>(&value);
  const bool is_a_time = array != nullptr && is_time(array->dtype());
  if (is_zarr(format))
    return is_a_time ? std::optional(BadAttribute{"Invalid attribute in Dataset.attrs: '" + name + "' is a time; write str(...) of it"})
                     : std::nullopt;
  if (is_none(value)) return invalid_value(name, "None");
  if (array == nullptr) return {};
  if (is_a_time && array->ndim() == 0 && array->dtype() == DType::datetime64)
    return invalid_value(name, "numpy.datetime64('" + calendar::format_datetime64(array->data<std::int64_t>()[0]) + "')");
  if (is_a_time) return illegal_type(name, name_of(array->dtype()), "str(...) of it");
  if (array->ndim() > 1)
    return BadAttribute{"multi-dimensional array attributes not supported: '" + name + "' has shape " + format_tuple(array->shape()), false};
  if (array->dtype() == DType::boolean && format == OutputFormat::netcdf4) return illegal_type(name, "b1", "int(...) of it");
  return {};
}

std::optional<BadAttribute> check_all(const Attributes& attributes, OutputFormat format) {
  for (const auto& [name, value] : attributes)
    if (auto bad = check(name, value, format)) return bad;
  return {};
}

}  // namespace

std::optional<BadAttribute> bad_attribute(const Dataset& dataset, OutputFormat format) {
  if (auto bad = check_all(dataset.attrs, format)) return bad;
  for (const auto& [name, variable] : dataset.variables) {
    // coordinates=None asks for no such attribute.
    Attributes attributes = variable.attrs;
    if (const AttributeValue* value = attributes.find("coordinates"); value != nullptr && is_none(*value)) attributes.erase("coordinates");
    if (auto bad = check_all(attributes, format)) {
      bad->message += " (of variable '" + name + "')";
      return bad;
    }
  }
  return {};
}

}  // namespace rankine::array
