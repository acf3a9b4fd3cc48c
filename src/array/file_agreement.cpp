#include "array/file_agreement.hpp"

#include <map>

#include "base/check.hpp"

namespace rankine::array {
namespace {

/// What one property of a variable is in each file; all others are compared with the first file that has it.
class Property {
 public:
  void add(const std::string& value, const std::string& file) {
    if (first_file_.empty()) {
      first_ = value;
      first_file_ = file;
    } else if (value != first_ && count_++ == 0) {
      other_ = value;
      other_file_ = file;
    }
  }
  /// "in c.nc and 3 more files": the files that disagree with the first.
  void report(const std::string& what, std::vector<std::string>& lines) const {
    if (count_ == 0) return;
    const std::size_t more = count_ - 1;
    lines.push_back(what + " " + other_ + " in " + other_file_ +
                    (more == 0 ? "" : " (and " + std::to_string(more) + " more files differ)") + ", but " +
                    first_ + " in " + first_file_);
  }

 private:
  std::string first_, first_file_, other_, other_file_;
  std::size_t count_ = 0;
};

struct Properties {
  Property dims, dtype, units, calendar;
  std::size_t files = 0;
  std::string has_it;
};

std::string quoted(const std::string& text) { return "'" + text + "'"; }

std::string dtype_in_file(const Variable& variable) {
  const std::string* stored = variable.encoding.text("dtype");
  return stored != nullptr ? *stored : name_of(variable.dtype());
}

}  // namespace

std::vector<std::string> disagreements(const std::vector<Dataset>& parts, const std::vector<std::string>& names,
                                       const std::string& concat_dim) {
  RANKINE_CHECK(parts.size() == names.size(), "one name a file");
  std::vector<std::string> order;
  std::map<std::string, Properties> by_name;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    for (const auto& [name, variable] : parts[k].variables) {
      auto [at, fresh] = by_name.try_emplace(name);
      if (fresh) order.push_back(name);
      Properties& known = at->second;
      if (known.files++ == 0) known.has_it = names[k];
      known.dims.add("(" + format_names(variable.dims) + ")", names[k]);
      known.dtype.add(dtype_in_file(variable), names[k]);
      if (variable.dtype() == DType::cftime) known.calendar.add(quoted(std::string(calendar::name_of(variable.calendar))), names[k]);
      else if (variable.dtype() == DType::datetime64) known.calendar.add("'standard'", names[k]);
      if (is_time(variable.dtype())) continue;  // units since another date are the same times
      const std::string* units = variable.attrs.text("units");
      known.units.add(units == nullptr ? "none" : quoted(*units), names[k]);
    }
  }
  std::vector<std::string> lines;
  for (const std::string& name : order) {
    const Properties& known = by_name[name];
    known.dims.report(quoted(name) + " has the dims", lines);
    known.dtype.report(quoted(name) + " is stored as", lines);
    known.units.report(quoted(name) + " has the units", lines);
    known.calendar.report("the calendar of " + quoted(name) + " is", lines);
    if (known.files == parts.size()) continue;
    for (std::size_t k = 0; k < parts.size(); ++k) {
      if (parts[k].variables.contains(name)) continue;
      const std::size_t more = parts.size() - known.files - 1;
      lines.push_back(quoted(name) + " is in " + known.has_it + ", but not in " + names[k] +
                      (more == 0 ? "" : " and " + std::to_string(more) + " more"));
      break;
    }
  }
  if (concat_dim.empty()) return lines;
  for (const auto& [dim, size] : parts[0].sizes()) {
    const Variable* first = parts[0].index(dim);
    if (dim == concat_dim || first == nullptr) continue;
    for (std::size_t k = 1; k < parts.size(); ++k) {
      const Variable* other = parts[k].index(dim);
      if (other == nullptr || other->data == first->data || equal_values(values_of(*other), values_of(*first))) continue;
      lines.push_back("the labels along " + quoted(dim) + " of " + names[k] + " are not those of " + names[0]);
      break;
    }
  }
  return lines;
}

}  // namespace rankine::array
