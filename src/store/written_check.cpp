#include "store/written_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <vector>

#include "array/cf_scalar.hpp"
#include "array/variable.hpp"
#include "base/error.hpp"
#include "calendar/time_units.hpp"
#include "store/backends.hpp"
#include "store/zarr/zarr_documents.hpp"
#include "store/zarr/zarr_store.hpp"

namespace rankine::store {
namespace {

/// Coordinates up to this size are read back.
constexpr std::int64_t most_numbers = 1 << 16;

const array::StoredVariable* find(const array::Catalogue& there, const std::string& name) {
  for (const auto& variable : there.variables)
    if (variable.name == name) return &variable;
  return nullptr;
}

Shape shape_of(const array::StoredVariable& variable) { return variable.data ? variable.data->shape : variable.strings.shape(); }

[[noreturn]] void does_not_fit(const OutputTarget& target, const std::string& what) {
  throw OutputError("cannot write " + target.spec.path + ": read back, " + what + "; the output is discarded, what was there before is as it was");
}

/// libnetcdf stores names in Unicode's normal form, which need not be the one that was given.
bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 128; });
}

bool is_half(const array::OutputVariable& variable) {
  return !variable.codecs.empty() && variable.codecs.front().kind == codec::Kind::half_float;
}

/// A grown array has its new shape in a document that waits for the commit.
void grow(array::StoredVariable& variable, const array::OutputVariable& out) {
  if (!variable.data) return;
  auto grown = std::make_shared<array::StoredArray>(*variable.data);
  grown->shape = out.existing->shape;
  variable.data = std::move(grown);
}

array::Catalogue with_additions(const OutputTarget& target) {
  array::Catalogue all = open_zarr(target.spec.path, target.spec.group, false);
  // A commit that was cut off has moved the group's documents already, and what it added with them.
  array::Catalogue staged;
  if (has_zarr_group(target.temporary_path, "")) staged = open_zarr(target.temporary_path, "", false);
  for (const auto& out : target.spec.variables) {
    const auto* added = find(staged, out.name);
    const auto old = std::find_if(all.variables.begin(), all.variables.end(), [&](const auto& v) { return v.name == out.name; });
    if (out.existing && old != all.variables.end()) grow(*old, out);
    else if (added != nullptr && old != all.variables.end()) *old = *added;
    else if (added != nullptr) all.variables.push_back(*added);
  }
  return all;
}

void check_extents(const OutputTarget& target, const array::Catalogue& all) {
  std::map<std::string, std::pair<std::int64_t, std::string>> extents;  // of a dim, and who has it
  for (const auto& variable : all.variables) {
    const Shape shape = shape_of(variable);
    for (std::size_t axis = 0; axis < shape.size() && axis < variable.dims.size(); ++axis) {
      const auto [known, is_new] = extents.try_emplace(variable.dims[axis], shape[axis], variable.name);
      if (!is_new && known->second.first != shape[axis])
        does_not_fit(target, "dim '" + variable.dims[axis] + "' has " + std::to_string(known->second.first) + " elements in '" +
                                 known->second.second + "' and " + std::to_string(shape[axis]) + " in '" + variable.name + "'");
    }
  }
}

void check_shape(const OutputTarget& target, const array::OutputVariable& out, const array::StoredVariable& there) {
  const std::string what = "variable '" + out.name + "' has ";
  const Shape expected = out.existing ? out.existing->shape : out.shape;
  if (shape_of(there) != expected)
    does_not_fit(target, what + "shape " + format_tuple(shape_of(there)) + ", not " + format_tuple(expected));
  if (there.dims != out.dims && std::all_of(out.dims.begin(), out.dims.end(), is_ascii))
    does_not_fit(target, what + "dims " + array::format_names(there.dims) + ", not " + array::format_names(out.dims));
  const DType dtype = there.data ? there.data->dtype : DType::string;
  if (dtype != out.dtype && !is_half(out))
    does_not_fit(target, what + "dtype " + name_of(dtype) + ", not " + name_of(out.dtype));
}

bool same_number(const NdArray& a, const NdArray& b) {
  if (is_float(a.dtype()) || is_float(b.dtype())) {
    const double x = a.as_double(0), y = b.as_double(0);
    return x == y || (std::isnan(x) && std::isnan(y));
  }
  if (a.dtype() == DType::uint64 && b.dtype() == DType::uint64) return a.data<std::uint64_t>()[0] == b.data<std::uint64_t>()[0];
  return a.as_int64(0) == b.as_int64(0);
}

void check_fill(const OutputTarget& target, const array::OutputVariable& out, const array::StoredVariable& there) {
  const array::AttributeValue* found = there.attributes.find("_FillValue");
  const auto* number = found == nullptr ? nullptr : std::get_if<NdArray>(found);
  const bool wanted = out.fill && out.fill->dtype() != DType::string;
  if (number == nullptr || number->dtype() == DType::string) {
    if (wanted && found == nullptr) does_not_fit(target, "variable '" + out.name + "' has lost its _FillValue");
    return;
  }
  if (number->size() != 1 || (is_integer(out.dtype) && !array::scalar_held_by(*number, 0, out.dtype)))
    does_not_fit(target, "the _FillValue of variable '" + out.name + "' is no value of its dtype " + name_of(out.dtype));
  if (wanted && !same_number(*number, *out.fill))
    does_not_fit(target, "the _FillValue of variable '" + out.name + "' is another one");
}

/// A place on a scale that all calendars share, in ms: dates are compared by their names.
double named_ms(calendar::Timeline timeline, std::int64_t tick, double shift_s) {
  const auto parts = calendar::split(timeline, tick + static_cast<std::int64_t>(shift_s * static_cast<double>(timeline.ticks_per_second)));
  const double days = (static_cast<double>(parts.year) * 12 + parts.month) * 31 + parts.day;
  return (days * 86'400 + parts.hour * 3600 + parts.minute * 60 + parts.second) * 1e3 + parts.nanosecond / 1e6;
}

/// Floats round a little, also across midnight.
bool same_time(calendar::Timeline a, std::int64_t at_a, calendar::Timeline b, std::int64_t at_b) {
  if (at_a == not_a_time || at_b == not_a_time) return at_a == at_b;
  const auto apart = [&](double shift_s) { return std::fabs(named_ms(a, at_a, shift_s) - named_ms(b, at_b, shift_s)); };
  return apart(0) < 2 || apart(43'200) < 2;
}

std::vector<std::int64_t> decoded(const calendar::TimeDecoding& how, const NdArray& numbers) {
  if (numbers.dtype() == DType::float64) return calendar::decode_times(how, numbers.values<double>());
  if (numbers.dtype() == DType::float32) return calendar::decode_times(how, numbers.values<float>());
  std::vector<std::int64_t> whole;
  for (std::int64_t i = 0; i < numbers.size(); ++i) whole.push_back(numbers.as_int64(i));
  return calendar::decode_times(how, std::span<const std::int64_t>(whole));
}

/// By the units and the calendar that stand there now.
void check_times(const OutputTarget& target, const array::OutputVariable& out, const array::StoredVariable& there, const NdArray& numbers) {
  const std::string* units = there.attributes.text("units");
  const std::string* calendar_name = there.attributes.text("calendar");
  if (units == nullptr) return;  // bounds have those of their coordinate
  const auto lost = [&](const std::string& how) {
    does_not_fit(target, "the times of variable '" + out.name + "' are not what was written: " + how);
  };
  const array::AttributeValue* fill = there.attributes.find("_FillValue");
  const auto* gap = fill == nullptr ? nullptr : std::get_if<NdArray>(fill);
  try {
    const auto how = calendar::choose_time_decoding(*units, calendar_name == nullptr ? "" : *calendar_name, numbers.as_double(0),
                                                    numbers.as_double(numbers.size() - 1));
    const std::vector<std::int64_t> ticks = decoded(how, numbers);
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const bool is_gap = gap != nullptr && gap->size() == 1 && numbers.as_double(static_cast<std::int64_t>(i)) == gap->as_double(0);
      const std::int64_t expected = out.times->ticks.data<std::int64_t>()[i];
      if (!same_time(how.timeline, is_gap ? not_a_time : ticks[i], out.times->timeline, expected))
        lost("number " + std::to_string(i) + " is " + (is_gap ? "NaT" : calendar::format_time(how.timeline, ticks[i])) + ", not " +
             (expected == not_a_time ? "NaT" : calendar::format_time(out.times->timeline, expected)));
    }
  } catch (const OutputError&) {
    throw;
  } catch (const Error& error) {
    lost(error.what());
  }
}

void check_values(const OutputTarget& target, const array::OutputVariable& out, const array::StoredVariable& there) {
  const NdArray& written = *out.value;
  if (out.dtype == DType::string || written.size() == 0 || written.size() > most_numbers || there.data == nullptr || is_half(out) ||
      out.keep_digits > 0)
    return;
  Reader reader;
  load_chunk_index(*there.data);
  const NdArray read = reader.read(*there.data, Box::whole(out.shape));
  const auto bytes = static_cast<std::size_t>(written.size()) * size_of(out.dtype);
  if (read.dtype() != written.dtype() || std::memcmp(read.raw(), written.raw(), bytes) != 0)
    does_not_fit(target, "variable '" + out.name + "' has other values than were written");
  if (out.times) check_times(target, out, there, read);
}

}  // namespace

array::Catalogue written_catalogue(const OutputTarget& target) {
  const array::OutputSpec& spec = target.spec;
  if (!array::is_zarr(spec.format)) return open_catalogue(target.temporary_path);
  const bool adds = spec.mode == array::WriteMode::a || spec.mode == array::WriteMode::r_plus;
  if (adds && has_zarr_group(spec.path, spec.group)) return with_additions(target);
  return open_zarr(target.temporary_path, "", false);
}

void check_written(const OutputTarget& target) {
  try {
    const array::Catalogue all = written_catalogue(target);
    check_extents(target, all);
    for (const auto& out : target.spec.variables) {
      const auto* there = find(all, out.name);
      if (there == nullptr && !is_ascii(out.name)) continue;
      if (there == nullptr) does_not_fit(target, "variable '" + out.name + "' is not there");
      if (!there->note.empty()) does_not_fit(target, "variable '" + out.name + "' cannot be read: " + there->note);
      check_shape(target, out, *there);
      if (!out.existing) check_fill(target, out, *there);
    }
  } catch (const InputError& error) {
    does_not_fit(target, error.what());
  }
}

void check_written_values(const OutputTarget& target) {
  try {
    const array::Catalogue all = written_catalogue(target);
    for (const auto& out : target.spec.variables) {
      const auto* there = find(all, out.name);
      if (there != nullptr && out.value && !out.existing) check_values(target, out, *there);
    }
  } catch (const InputError& error) {
    does_not_fit(target, error.what());
  }
}

}  // namespace rankine::store
