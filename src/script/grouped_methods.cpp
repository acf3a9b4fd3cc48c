#include "array/groupby.hpp"
#include "array/weighted.hpp"
#include "base/error.hpp"
#include "script/interpreter.hpp"
#include "script/labelled.hpp"
#include "script/operations.hpp"
#include "script/replacements.hpp"

namespace rankine::script {

namespace {

struct Grouped { Type object, groupby, resample, weighted; };
constexpr Grouped families[] = {
    {Type::data_array, Type::data_array_groupby, Type::data_array_resample, Type::data_array_weighted},
    {Type::dataset, Type::dataset_groupby, Type::dataset_resample, Type::dataset_weighted}};

Value groupby(Interpreter& in, const Arguments& args) {
  const array::Labelled x = to_labelled(args.self, "the object");
  const Value group = args.get("group");
  const auto* name = group.text();
  array::GroupBy groups = name != nullptr ? array::groupby(x, *name) : array::groupby(x, to_data_array(group, "group"));
  groups.squeeze = !args.given("squeeze") || truth(in, args.get("squeeze"));
  return std::make_shared<GroupByObject>(std::move(groups));
}

Value resample(Interpreter&, const Arguments& args) {
  if (args.keywords.size() != 1) throw UsageError("resample() needs one dim, such as time=\"MS\"");
  for (const char* name : {"base", "offset", "origin", "loffset"}) {
    const auto ignored = args.find(name);
    if (ignored != nullptr && !ignored->is_none())
      throw UnsupportedName(std::string("argument '") + name + "' of resample() is not supported", replacement_for(Type::data_array, "resample(offset=)"));
  }
  array::ResampleOptions options;
  if (args.given("closed")) options.closed = to_text(args.get("closed"), "closed");
  if (args.given("label")) options.label = to_text(args.get("label"), "label");
  return std::make_shared<GroupByObject>(array::resample(to_labelled(args.self, "the object"), args.keywords[0].first,
                                                         to_text(args.keywords[0].second, "the frequency"), options));
}

array::ReduceOptions to_options(Interpreter& in, const Arguments& args) {
  array::ReduceOptions options;
  if (args.given("skipna")) options.skipna = truth(in, args.get("skipna"));
  // Absent: the algebra's own default, which differs between groups (keep) and weights (drop).
  if (args.given("keep_attrs")) options.keep_attrs = truth(in, args.get("keep_attrs"));
  else options.keep_attrs = in.keep_attrs;
  options.keep_coord_attrs = in.keep_attrs.value_or(false);
  return options;
}

Value reduce_groups(Interpreter& in, const Arguments& args) {
  array::ReduceOptions options = to_options(in, args);
  if (args.given("ddof")) options.ddof = to_double(args.get("ddof"), "ddof");
  if (args.given("min_count")) options.min_count = to_integer(args.get("min_count"), "min_count");
  const auto& groups = as_groupby(args.self)->groupby;
  array::DimChoice dims = to_dims(args.get("dim"));
  if (args.get("dim").type() == Type::ellipsis) {  // every dim, where no dim would mean the grouped one
    const auto all = std::visit([](const auto& x) { return x.sizes(); }, groups.object);
    dims.emplace();
    for (const auto& [dim, size] : all)
      if (dim != groups.grouping.dim || !array::is_squeezed(groups)) dims->push_back(dim);
  }
  return make_value(array::reduce(groups, *array::reduce_op_named(args.binding->name), dims, options));
}

Value reduce_weighted(Interpreter& in, const Arguments& args) {
  return make_value(array::reduce(as_weighted(args.self)->weighted, args.binding->name, to_dims(args.get("dim")), to_options(in, args)));
}

}  // namespace

void add_grouped(BindingTable& table) {
  for (const Grouped& family : families) {
    table.method(family.object, "groupby", "group, squeeze=, restore_coord_dims=", family.groupby, groupby);
    table.method(family.object, "resample", "*, closed=, label=, base=, offset=, origin=, loffset=, skipna=, **indexer", family.resample, resample);
    table.method(family.object, "weighted", "weights", family.weighted, [](Interpreter&, const Arguments& args) -> Value {
      return std::make_shared<WeightedObject>(array::weighted(to_labelled(args.self, "the object"), to_data_array(args.get("weights"), "weights")));
    });
    for (const Type groups : {family.groupby, family.resample}) {
      for (const char* name : {"mean", "sum", "min", "max", "std", "var", "count", "any", "all", "prod"})
        table.method(groups, name, "dim=, *, skipna=, ddof=, min_count=, keep_attrs=", family.object, reduce_groups);
      for (const char* name : {"map", "apply"}) {
        Binding unsupported{};
        unsupported.owner = groups;
        unsupported.name = name;
        unsupported.kind = Binding::Kind::unsupported;
        table.add(std::move(unsupported));
      }
    }
    for (const char* name : {"mean", "sum", "std", "var", "sum_of_weights", "sum_of_squares"})
      table.method(family.weighted, name, "dim=, *, skipna=, keep_attrs=", family.object, reduce_weighted);
  }
}

}  // namespace rankine::script
