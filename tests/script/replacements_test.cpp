#include <catch2/catch.hpp>

#include <set>

#include "script/parser.hpp"
#include "script/replacements.hpp"
#include "script/static_check.hpp"

using namespace rankine;
using namespace rankine::script;

TEST_CASE("nothing is replaced that is there") {
  const auto& table = BindingTable::instance();
  for (const Replacement& row : replacements()) {
    for (int i = 0; i < static_cast<int>(Type::count_); ++i) {
      const Type type = static_cast<Type>(i);
      if (!row.owners.contains(type) || type == Type::plugin) continue;
      const Binding* binding = table.find(type, row.name);
      INFO(row.name << " of " << name_of(type));
      CHECK((binding == nullptr || binding->kind == Binding::Kind::unsupported));
    }
  }
}

TEST_CASE("a name has one row a type") {
  std::set<std::pair<int, std::string>> seen;
  for (const Replacement& row : replacements()) {
    for (int i = 0; i < static_cast<int>(Type::count_); ++i) {
      if (!row.owners.contains(static_cast<Type>(i))) continue;
      INFO(row.name);
      CHECK(seen.insert({i, row.name}).second);
    }
  }
}

TEST_CASE("what is to be written instead is supported itself") {
  for (const Replacement& row : replacements()) {
    const std::string head =
        "import numpy as np\nimport xarray as xr\nds = xr.open_dataset('in.nc')\nda, other, gaps = ds.t, ds.u, ds.gaps\n"
        "part, line, folder, one_file = da, da, '', ''\n";
    const SourceText source("row.py", head + row.instead + "\n");
    INFO(row.name);
    CHECK(text_of(check(source, parse_all(source)), 100) == "");
  }
}

TEST_CASE("a row shows the lines to write below the caret, and its words in the message where it has no lines") {
  const Replacement* row = replacement_for(Type::data_array, "diff");
  REQUIRE(row != nullptr);
  CHECK(words_of(row) == "");
  CHECK(lines_of(row) ==
        "\n    instead of"
        "\n        result = da.diff(\"time\")"
        "\n    write"
        "\n        later, earlier = da.isel(time=slice(1, None)), da.isel(time=slice(None, -1))"
        "\n        result = later - earlier.assign_coords(time=later.time)");
  CHECK(words_of(replacement_for(Type::future, "add_done_callback")) == "; loop over as_completed(...)");
  CHECK(lines_of(replacement_for(Type::future, "add_done_callback")) == "");
  CHECK(replacement_for(Type::data_array, "mean") == nullptr);
  CHECK(replacement_for(Type::dataset_resample, "first") == replacement_for(Type::data_array_groupby, "first"));
  CHECK(replacement_for_module("matplotlib.pyplot") == replacement_for_module("matplotlib"));
}
