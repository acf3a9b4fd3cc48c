#include "array/cf_time_encoding.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "array/cf_encode_variable.hpp"
#include "base/error.hpp"
#include "calendar/timeline.hpp"

namespace rankine::array {
namespace {

/// Variables that are to have the same units: a coordinate and its bounds, or one alone.
struct Member {
  std::string name;
  Variable* variable = nullptr;
  NdArray values;
  calendar::EncodedTimes times;
};
using Group = std::vector<Member>;

bool has_gaps(const Member& member) {
  return std::find(member.times.distances.begin(), member.times.distances.end(), not_a_time) != member.times.distances.end();
}

/// What the numbers will be stored as.
DType stored_dtype(const Member& member) {
  if (const auto dtype = numeric_dtype(member.name, *member.variable)) return *dtype;
  return std::holds_alternative<std::vector<std::int64_t>>(member.times.numbers) ? DType::int64 : DType::float64;
}

bool marks_gaps(const Member& member) {
  return encoding_of(*member.variable, "_FillValue") != nullptr || encoding_of(*member.variable, "missing_value") != nullptr ||
         member.variable->attrs.contains("_FillValue");
}

std::string text_of(const Member& member, std::size_t i) {
  const std::int64_t tick = member.values.data<std::int64_t>()[i];
  if (tick == not_a_time) return "NaT";
  switch (member.variable->dtype()) {
    case DType::datetime64: {
      std::string text = calendar::format_datetime64(tick);
      if (const auto dot = text.find('.'); dot != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.') text.pop_back();
      }
      return text;
    }
    case DType::cftime: return calendar::format_time(calendar::Timeline::cftime(member.variable->calendar), tick);
    default: return std::to_string(tick) + " ns";
  }
}

bool is_fixed(const Member& member, const TimeEncodingRules& rules) {
  return rules.asked_for.contains(member.name) || rules.in_store.contains(member.name);
}

/// A time that the member's present encoding does not hold; "" if it holds all. Who asks for floats knows that they
/// round: of those only neighbours must not become one.
std::string loss_of(const Member& member, bool asked_for = false) {
  const DType dtype = stored_dtype(member);
  const double tolerance_ms = asked_for ? std::numeric_limits<double>::infinity() : 1;
  if (const auto lost = calendar::first_lost_time(member.times, dtype, tolerance_ms)) return text_of(member, *lost);
  return is_integer(dtype) && has_gaps(member) && !marks_gaps(member) ? "NaT (give a _FillValue)" : "";
}

/// "'days since 2000-01-01' as int32"
std::string encoding_text(const Member& member) { return "'" + member.times.units + "' as " + name_of(stored_dtype(member)); }

void set_dtype(Variable& variable, DType dtype) {
  variable.encoding.set("dtype", name_of(dtype));
  if (is_float(dtype)) return;
  for (const char* key : {"_FillValue", "missing_value"}) {
    // NaN marks nothing among integers.
    double number = 0;
    if (variable.encoding.number(key, number) && number != number) variable.encoding.erase(key);
  }
}

void encode(Member& member) { member.times = encoded_times(*member.variable, member.values); }

/// Finer units for all, and wider dtypes where the numbers want them; false if nothing keeps all times.
bool widen(Group& group, const TimeEncodingRules& rules) {
  for (Member& member : group)
    if (is_float(stored_dtype(member)) && !loss_of(member).empty()) set_dtype(*member.variable, DType::float64);
  const auto keeps_all = [](const Member& member) { return loss_of(member).empty(); };
  if (std::all_of(group.begin(), group.end(), keeps_all)) return true;
  std::vector<calendar::EncodedTimes> all;
  for (const auto& member : group) all.push_back(member.times);
  const bool blurred = std::any_of(group.begin(), group.end(), [](const Member& member) {
    return calendar::first_lost_time(member.times, DType::float64).has_value();
  });
  const bool whole = std::all_of(group.begin(), group.end(), [](const Member& member) {
    return !calendar::first_lost_time(member.times, DType::int64);
  });
  // With gaps the numbers are floats, and whole ones need no finer unit.
  const auto finer = whole && !blurred ? std::nullopt : calendar::finer_unit(all);
  for (Member& member : group) {
    if (finer) {
      member.variable->encoding.set("units", calendar::with_unit(member.times.units, *finer));
      encode(member);
    }
    if (loss_of(member).empty()) continue;
    const DType dtype = stored_dtype(member);
    const bool to_integers = rules.has_int64 && !(has_gaps(member) && !marks_gaps(member)) &&
                             !calendar::first_lost_time(member.times, DType::int64);
    set_dtype(*member.variable, to_integers && (is_integer(dtype) || blurred) ? DType::int64 : DType::float64);
    if (!loss_of(member).empty()) return false;
  }
  return true;
}

[[noreturn]] void refuse(const std::string& name, const std::string& encoding, const std::string& loss, bool in_store) {
  throw UsageError("cannot write variable '" + name + "': " + encoding +
                   (in_store ? ", which the store has, does not hold " : ", its encoding, does not hold ") + loss +
                   (in_store ? "; write a new store, with finer units in encoding="
                             : "; give finer units, such as 'hours since ...', or another dtype in its encoding"));
}

void keep(Group group, const TimeEncodingRules& rules) {
  std::string loss;
  const Member* loses = nullptr;
  for (Member& member : group) {
    encode(member);
    if (loses != nullptr) continue;
    loss = loss_of(member, is_fixed(member, rules));
    if (!loss.empty()) loses = &member;
  }
  if (loses == nullptr) return;
  const std::string name = loses->name;
  const std::string encoding = encoding_text(*loses);
  if (is_fixed(*loses, rules)) refuse(name, encoding, loss, rules.in_store.contains(name));
  if (std::any_of(group.begin(), group.end(), [&](const Member& member) { return is_fixed(member, rules); })) {
    // Bounds of a coordinate whose encoding stands: they get units of their own.
    for (Member& member : group) keep({member}, rules);
    return;
  }
  if (!widen(group, rules)) refuse(name, encoding, loss, false);
  if (!rules.note) return;
  for (const Member& member : group)
    rules.note("times of '" + member.name + "' are written by " + encoding_text(member) + ": " + encoding +
               ", which came with '" + name + "', does not hold " + loss);
}

}  // namespace

calendar::EncodedTimes encoded_times(const Variable& variable, const NdArray& values) {
  const auto text = [&](const char* key) {
    const AttributeValue* found = encoding_of(variable, key);
    const auto* given = found == nullptr ? nullptr : std::get_if<std::string>(found);
    return given == nullptr ? std::string() : *given;
  };
  if (variable.dtype() == DType::timedelta64) return calendar::encode_durations(values.values<std::int64_t>(), text("units"));
  const auto timeline = variable.dtype() == DType::datetime64 ? calendar::Timeline::datetime64()
                                                              : calendar::Timeline::cftime(variable.calendar);
  return calendar::encode_times(timeline, values.values<std::int64_t>(), text("units"), text("calendar"));
}

void keep_times(VariableMap& variables, const TimeEncodingRules& rules, const LoadFn& load) {
  std::set<std::string> done;
  const auto member_of = [&](const std::string& name, Variable& variable) {
    done.insert(name);
    NdArray values = load(variable.data);
    variable.data = constant(values);
    return Member{name, &variable, std::move(values), {}};
  };
  const auto group_of = [&](const std::string& name, Variable& variable) {
    Group group{member_of(name, variable)};
    for (const char* key : {"bounds", "climatology"}) {
      const std::string* bounds = variable.attrs.text(key);
      if (bounds == nullptr) bounds = variable.encoding.text(key);
      Variable* child = bounds == nullptr || done.contains(*bounds) ? nullptr : variables.find(*bounds);
      if (child == nullptr || child->dtype() != variable.dtype()) continue;
      const std::string* units = variable.encoding.text("units");
      const std::string* own = child->encoding.text("units");
      if (units != nullptr && own != nullptr && *units == *own) group.push_back(member_of(*bounds, *child));
    }
    return group;
  };
  // Coordinates first: bounds go with them.
  for (const bool with_bounds : {true, false})
    for (auto& [name, variable] : variables) {
      const bool names_bounds = variable.attrs.contains("bounds") || variable.attrs.contains("climatology") ||
                                variable.encoding.contains("bounds") || variable.encoding.contains("climatology");
      if (!is_time(variable.dtype()) || done.contains(name) || names_bounds != with_bounds) continue;
      keep(group_of(name, variable), rules);
    }
}

}  // namespace rankine::array
