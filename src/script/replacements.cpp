#include "script/replacements.hpp"

#include <algorithm>
#include <string_view>

namespace rankine::script {

namespace {

constexpr TypeSet labelled = Type::data_array | Type::dataset;
constexpr TypeSet groups = Type::data_array_groupby | Type::dataset_groupby;

/// Titles of the owners in the documentation, in its order.
struct OwnerSection { TypeSet owners; const char* title; };
const OwnerSection owner_sections[] = {
    {labelled, "DataArray and Dataset"}, {groups, "groupby"}, {Type::datetime_accessor, "DataArray.dt"}, {Type::xarray, "xarray (`xr`)"},
    {Type::numpy, "NumPy (`np`)"}, {Type::builtins, "Builtins"}, {Type::text | Type::dict, "str and dict"},
    {Type::dask | Type::dask_distributed | Type::dask_array | Type::client | Type::future, "Dask"}, {Type::plugin, "Modules"}};

bool overlap(TypeSet a, TypeSet b) { return (a.bits & b.bits) != 0; }

std::string indented(std::string_view lines, const std::string& indent) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    text += "\n" + indent + std::string(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

}  // namespace

const std::vector<Replacement>& replacements() {
  static const std::vector<Replacement> rows = {
#define REPLACEMENT(owners, name, words, original, instead) {owners, name, words, original, instead},
#include "script/replacements.inc"
#undef REPLACEMENT
  };
  return rows;
}

const Replacement* replacement_for(Type type, const std::string& name) {
  for (const Replacement& row : replacements()) {
    if (row.owners.contains(type) && name == row.name) return &row;
  }
  // What groups of a resampling lack is mostly what all groups lack.
  if (type == Type::data_array_resample || type == Type::dataset_resample) return replacement_for(Type::data_array_groupby, name);
  return nullptr;
}

const Replacement* replacement_for_method(const std::string& name) {
  for (const Type type : {Type::data_array, Type::dataset, Type::data_array_groupby}) {
    if (const Replacement* row = replacement_for(type, name)) return row;
  }
  return nullptr;
}

const Replacement* replacement_for_module(const std::string& module) {
  const std::string first = module.substr(0, module.find('.'));
  return replacement_for(Type::plugin, first);
}

std::string words_of(const Replacement* row) {
  // With lines to show, the words tell their bounds, and stand with them.
  return row == nullptr || *row->words == '\0' || *row->instead != '\0' ? "" : std::string("; ") + row->words;
}

std::string lines_of(const Replacement* row) {
  if (row == nullptr || *row->instead == '\0') return "";
  const std::string bounds = *row->words == '\0' ? "" : " (" + std::string(row->words) + ")";
  return "\n    instead of" + indented(row->original, "        ") + "\n    write" + bounds + indented(row->instead, "        ");
}

std::string replacement_section() {
  std::string text = "## What to write instead\n";
  for (const OwnerSection& section : owner_sections) {
    text += std::string("\n### ") + section.title + "\n";
    for (const Replacement& row : replacements()) {
      if (!overlap(section.owners, row.owners)) continue;
      text += std::string("\n`") + row.name + "`";
      if (*row.words != '\0') text += std::string(": ") + row.words;
      text += ".\n";
      if (*row.instead == '\0') continue;
      text += "\n```python" + indented(row.original, "") + "\n# write" + indented(row.instead, "") + "\n```\n";
    }
  }
  return text;
}

}  // namespace rankine::script
