#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "array/arithmetic.hpp"
#include "array/combine.hpp"
#include "array/groupby.hpp"
#include "array/indexing.hpp"
#include "array/promotion.hpp"
#include "array/reduction.hpp"
#include "array/reshape.hpp"
#include "array/time_fields.hpp"
#include "array/weighted.hpp"
#include "base/error.hpp"

using namespace rankine;
using namespace rankine::array;
using kernel::Op;
using kernel::ReduceOp;

namespace {

const double missing = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t day = 86'400'000'000'000;
using Names = std::vector<std::string>;

template <typename T> NdArray s(T value) { return NdArray::scalar(value); }
NdArray text(const std::string& value) { return NdArray::from_strings({value}, {}); }

template <typename T>
Variable line(const std::string& dim, const std::vector<T>& values) { return make_variable({dim}, NdArray::from(values)); }

Variable days(const std::string& dim, const std::vector<std::int64_t>& since_1970) {
  std::vector<std::int64_t> ns;
  for (const std::int64_t d : since_1970) ns.push_back(d * day);
  return make_variable({dim}, NdArray::from(ns).viewed_as(DType::datetime64));
}

DataArray row(const std::string& name, const std::vector<std::int64_t>& x, const std::vector<double>& values) {
  return make_data_array(line("x", values), {{"x", line("x", x)}}, name);
}

DataArray as_array(const Operand& operand) { return std::get<DataArray>(operand); }
DataArray as_array(const Labelled& labelled) { return std::get<DataArray>(labelled); }
NdArray numbers(const std::vector<double>& values) { return NdArray::from(values); }

bool holds(const DataArray& array, const NdArray& values) { return identical(values_of(array), values); }

std::string message(const std::function<void()>& f) {
  try { f(); } catch (const UsageError& error) { return error.what(); }
  return "no error";
}

/// 1990-01-01, -02-01, -03-01, 1991-01-01, -02-01 with values 1, 2, NaN, 4, 5.
DataArray series() {
  return make_data_array(line<double>("time", {1, 2, missing, 4, 5}),
                         {{"time", days("time", {7305, 7336, 7364, 7670, 7701})}}, "t");
}

}  // namespace

TEST_CASE("promotion follows NumPy 1.24, scalars by value") {
  const NdArray big = s(std::int64_t{100000});
  const NdArray small = s(std::int64_t{5});
  const NdArray half = s(0.5);
  const NdArray huge = s(1e300);
  const auto beside = [](DType array, const NdArray& value) {
    const OperandType operands[] = {{array, false, nullptr}, {value.dtype(), true, &value}};
    return promote(operands);
  };
  CHECK(promote(DType::int32, DType::float32) == DType::float64);
  CHECK(promote(DType::int16, DType::float32) == DType::float32);
  CHECK(promote(DType::uint32, DType::int32) == DType::int64);
  CHECK(beside(DType::float32, half) == DType::float32);
  CHECK(beside(DType::float32, huge) == DType::float64);
  CHECK(beside(DType::float32, big) == DType::float64);
  CHECK(beside(DType::float32, small) == DType::float32);
  CHECK(beside(DType::int8, s(std::int64_t{200})) == DType::int16);
  CHECK(beside(DType::uint8, s(std::int64_t{-1})) == DType::int16);
  CHECK(beside(DType::int8, half) == DType::float64);
  CHECK(beside(DType::boolean, small) == DType::int64);
}

TEST_CASE("arithmetic joins indexes, keeps the agreeing name and drops attributes") {
  DataArray a = row("a", {1, 2, 3}, {1, 2, 3});
  a.variable.attrs.set("units", std::string("K"));
  a.coords.set("c", line<double>("x", {1, 2, 3}));
  DataArray b = row("b", {4, 3, 2}, {40, 30, 20});
  b.coords.set("c", line<double>("x", {9, 3, 2}));
  const DataArray sum = as_array(binary(Op::add, a, b));
  CHECK(holds(sum, numbers({22, 33})));
  CHECK(identical(values_of(*sum.index("x")), NdArray::from(std::vector<std::int64_t>{2, 3})));
  CHECK(sum.coords.names() == Names{"x", "c"});
  CHECK(!sum.name);
  CHECK(sum.attrs().empty());
  b.coords.set("c", line<double>("x", {9, 3, 7}));
  CHECK(as_array(binary(Op::add, a, b)).coords.names() == Names{"x"});
}

TEST_CASE("operands broadcast by dim name, the left one's dims first") {
  const DataArray a = make_data_array(line<double>("x", {1, 2}));
  const DataArray b = make_data_array(line<double>("y", {10, 20, 30}));
  const DataArray product = as_array(binary(Op::multiply, a, b));
  CHECK(product.dims() == Names{"x", "y"});
  CHECK(holds(product, NdArray::from(std::vector<double>{10, 20, 30, 20, 40, 60}, {2, 3})));
}

TEST_CASE("sizes that do not fit are an error that names the dim") {
  const DataArray a = make_data_array(line<double>("x", {1, 2, 3}));
  const DataArray b = make_data_array(line<double>("x", {1, 2, 3, 4}));
  CHECK(message([&] { binary(Op::add, a, b); }) ==
        "dimension 'x' has size 3 in one operand and 4 in the other");
}

TEST_CASE("integers divide truly and where makes them float64") {
  const DataArray a = make_data_array(line<std::int64_t>("x", {1, 2, 3}));
  CHECK(holds(as_array(binary(Op::divide, a, s(std::int64_t{2}))), numbers({0.5, 1, 1.5})));
  CHECK(holds(as_array(where(a, binary(Op::greater, a, s(std::int64_t{1})))), numbers({missing, 2, 3})));
  CHECK(holds(as_array(where(a, binary(Op::greater, a, s(std::int64_t{1})), s(std::int64_t{0}))),
              NdArray::from(std::vector<std::int64_t>{0, 2, 3})));
}

TEST_CASE("fillna, clip and ufuncs keep attributes; comparisons do not") {
  DataArray a = make_data_array(line<double>("x", {4, missing, 9}));
  a.variable.attrs.set("units", std::string("m"));
  const DataArray filled = as_array(fillna(a, s(1.0)));
  CHECK(holds(filled, numbers({4, 1, 9})));
  CHECK(filled.attrs().contains("units"));
  CHECK(holds(as_array(clip(a, s(5.0), {})), numbers({5, missing, 9})));
  CHECK(holds(as_array(unary(Op::sqrt, a)), numbers({2, missing, 3})));
  CHECK(unary(Op::sqrt, a).index() == 1);
  CHECK(as_array(unary(Op::sqrt, a)).attrs().contains("units"));
  CHECK(as_array(binary(Op::greater, a, s(5.0))).attrs().empty());
}

TEST_CASE("isel takes positions, slices and lists, and keeps scalar coordinates unless dropped") {
  const DataArray a = row("a", {10, 20, 30, 40}, {1, 2, 3, 4});
  CHECK(holds(isel(a, {{"x", s(std::int64_t{-1})}}), s(4.0)));
  CHECK(isel(a, {{"x", s(std::int64_t{-1})}}).coords.names() == Names{"x"});
  CHECK(isel(a, {{"x", s(std::int64_t{0})}}, true).coords.names() == Names{});
  CHECK(holds(isel(a, {{"x", PositionSlice{.step = -2}}}), numbers({4, 2})));
  CHECK(holds(isel(a, {{"x", NdArray::from(std::vector<std::int64_t>{3, 0})}}), numbers({4, 1})));
  CHECK(message([&] { isel(a, {{"q", s(std::int64_t{0})}}); }) ==
        "no dimension 'q' to select along; the dims are 'x'");
}

TEST_CASE("sel finds labels, ranges in both orders, and the nearest with ties to the larger") {
  const DataArray up = make_data_array(line<double>("x", {1, 2, 3}), {{"x", line<double>("x", {89.5, 90.5, 91.5})}});
  const DataArray down = make_data_array(line<double>("x", {1, 2, 3}), {{"x", line<double>("x", {3, 2, 1})}});
  CHECK(holds(sel(up, {{"x", s(90.5)}}), s(2.0)));
  CHECK(holds(sel(up, {{"x", s(90.0)}}, {.method = "nearest"}), s(2.0)));
  CHECK(holds(sel(down, {{"x", s(1.5)}}, {.method = "nearest"}), s(2.0)));
  CHECK(holds(sel(up, {{"x", LabelSlice{s(90.0), s(91.5)}}}), numbers({2, 3})));
  CHECK(holds(sel(down, {{"x", LabelSlice{s(2.5), s(1.0)}}}), numbers({2, 3})));
  CHECK(sel(down, {{"x", LabelSlice{s(1.0), s(3.0)}}}).shape() == Shape{0});
  CHECK(message([&] { sel(up, {{"x", s(91.0)}}); }) ==
        "'x' has no label 91.0; nearest are 90.5 and 91.5 (method='nearest' takes the nearest)");
  CHECK_THROWS_AS(sel(up, {{"x", s(90.0)}}, {.method = "nearest", .tolerance = 0.1}), UsageError);
}

TEST_CASE("partial dates select ranges of times") {
  CHECK(holds(sel(series(), {{"time", text("1991")}}), numbers({4, 5})));
  CHECK(holds(sel(series(), {{"time", text("1990-02")}}), numbers({2})));
  CHECK(holds(sel(series(), {{"time", text("1990-02-01")}}), s(2.0)));
  CHECK(holds(sel(series(), {{"time", LabelSlice{text("1990-03"), text("1991-01")}}}), numbers({missing, 4})));
  CHECK_THROWS_AS(sel(series(), {{"time", text("1985")}}), UsageError);
}

TEST_CASE("reductions skip NaN, drop the coordinates of reduced dims and keep the name") {
  CHECK(holds(reduce(series(), ReduceOp::mean), s(3.0)));
  CHECK(std::isnan(values_of(reduce(series(), ReduceOp::mean, {}, {.skipna = false})).as_double(0)));
  CHECK(holds(reduce(series(), ReduceOp::count, Names{"time"}), s(std::int64_t{4})));
  CHECK(reduce(series(), ReduceOp::sum).name == "t");
  CHECK(reduce(series(), ReduceOp::sum).coords.empty());
  CHECK(message([] { reduce(series(), ReduceOp::mean, Names{"q"}); }) ==
        "cannot take 'mean' over 'q': the dims are 'time'");
}

TEST_CASE("groups by month reduce in place of the grouped dim, and group arithmetic undoes it") {
  const GroupBy months = groupby(series(), "time.month");
  const DataArray mean = as_array(reduce(months, ReduceOp::mean));
  CHECK(mean.dims() == Names{"month"});
  CHECK(identical(values_of(*mean.index("month")), NdArray::from(std::vector<std::int64_t>{1, 2, 3})));
  CHECK(holds(mean, numbers({2.5, 3.5, missing})));
  const DataArray anomaly = as_array(binary(Op::subtract, months, mean));
  CHECK(holds(anomaly, numbers({-1.5, -1.5, missing, 1.5, 1.5})));
  CHECK(anomaly.coords.names() == Names{"time", "month"});
  const DataArray january = isel(mean, {{"month", NdArray::from(std::vector<std::int64_t>{0})}});
  CHECK(holds(as_array(binary(Op::subtract, months, january)), numbers({-1.5, missing, missing, 1.5, missing})));
}

TEST_CASE("seasons come sorted by name") {
  const DataArray mean = as_array(reduce(groupby(series(), "time.season"), ReduceOp::sum));
  CHECK(values_of(*mean.index("season")).strings() == Names{"DJF", "MAM"});
  CHECK(holds(mean, numbers({12, 0})));
}

TEST_CASE("a group mean over further dims weighs every element alike") {
  const DataArray x = make_data_array(
      make_variable({"y", "time"}, NdArray::from(std::vector<double>{1, missing, 5, 2, 3, 7}, {2, 3})),
      {{"time", days("time", {7305, 7306, 7336})}}, "x");
  const GroupBy months = groupby(x, "time.month");
  CHECK(holds(as_array(reduce(months, ReduceOp::mean, Names{"..."})), numbers({2, 6})));
  CHECK(holds(as_array(reduce(months, ReduceOp::var, Names{"time", "y"}, {.ddof = 1})), numbers({1, 2})));
  CHECK(holds(as_array(reduce(months, ReduceOp::count, Names{"..."})), NdArray::from(std::vector<std::int64_t>{3, 2})));
  CHECK(as_array(reduce(months, ReduceOp::mean)).dims() == Names{"y", "month"});
}

TEST_CASE("resample gives NaN for empty bins, also for sums and counts") {
  const DataArray monthly = as_array(reduce(resample(series(), "time", "QS"), ReduceOp::count));
  CHECK(holds(monthly, numbers({2, missing, missing, missing, 2})));
  CHECK(monthly.index("time")->dtype() == DType::datetime64);
  const DataArray yearly = as_array(reduce(resample(series(), "time", "AS"), ReduceOp::sum));
  CHECK(holds(yearly, numbers({3, 9})));
}

TEST_CASE("weighted means leave missing values out of the weights") {
  const DataArray x = make_data_array(line<double>("x", {1, missing, 4}));
  const DataArray w = make_data_array(line<double>("x", {1, 2, 3}));
  CHECK(holds(as_array(reduce(weighted(x, w), "mean")), s(13.0 / 4.0)));
  CHECK(holds(as_array(reduce(weighted(x, w), "sum", Names{"x"})), s(13.0)));
  CHECK(holds(as_array(reduce(weighted(x, w), "sum_of_weights")), s(4.0)));
}

TEST_CASE("weights with NaN are refused, at once where they are known") {
  const DataArray x = row("v", {1, 2, 3}, {1, 2, missing});
  const std::string text = "`weights` cannot contain missing values. Missing values can be replaced by `weights.fillna(0)`.";
  CHECK(message([&] { weighted(x, row("w", {1, 2, 3}, {1, 1, missing})); }) == text);
  CHECK(message([&] { weighted(to_dataset(x), as_array(astype(row("w", {1, 2, 3}, {1, 1, missing}), DType::float32))); }) == text);
  const DataArray filled = as_array(fillna(row("w", {1, 2, 3}, {1, 1, missing}), s(0.0)));
  CHECK(holds(as_array(reduce(weighted(x, filled), "mean")), s(1.5)));
}

TEST_CASE("labels take the dtype of an index of floats, and bool is no number") {
  const DataArray x = make_data_array(line<double>("x", {0, 1, 2}), {{"x", line<float>("x", {0.1f, 0.2f, 0.7f})}});
  CHECK(holds(sel(x, {{"x", s(0.1)}}), s(0.0)));
  CHECK(holds(sel(x, {{"x", NdArray::from<double>({0.7, 0.1})}}), numbers({2, 0})));
  CHECK(holds(sel(x, {{"x", s(0.7)}}, {.method = "ffill"}), s(2.0)));
  CHECK(holds(sel(x, {{"x", s(0.7)}}, {.method = "nearest", .tolerance = 0.0}), s(2.0)));
  CHECK(message([&] { sel(x, {{"x", s(missing)}}, {.method = "nearest"}); }) == "'x' has no label nan");
  CHECK(message([] { sel(row("v", {0, 1}, {5, 6}), {{"x", s(true)}}); }) ==
        "the labels of 'x' are int64, so 1 (bool) is not among them");
}

TEST_CASE("an index without order says so, and what to do") {
  const DataArray x = row("v", {5, 1, 3, 1}, {0, 1, 2, 3});
  const auto slice_of = [&](std::int64_t from, std::int64_t to) { return LabelSlice{s(from), s(to), {}}; };
  CHECK(holds(sel(row("v", {5, 1, 3}, {0, 1, 2}), {{"x", slice_of(1, 3)}}), numbers({1, 2})));
  CHECK(message([&] { sel(x, {{"x", slice_of(2, 5)}}); }) ==
        "no slice of 'x' can begin at 2: the index of 'x' is unsorted and non-unique (1 occurs more than once); one label each and "
        "sorted is what .groupby('x').mean() gives; .sortby('x') only sorts");
  CHECK(message([] { sel(row("v", {5, 1, 3}, {0, 1, 2}), {{"x", s(std::int64_t{2})}}, {.method = "nearest"}); }) ==
        "method='nearest' cannot look up 2: the index of 'x' is unsorted; sort it first: .sortby('x')");
  CHECK(message([&] { sel(x, {{"x", NdArray::from<std::int64_t>({1, 3})}}); }) ==
        "a list cannot select along 'x': the index of 'x' is unsorted and non-unique (1 occurs more than once); one label each and "
        "sorted is what .groupby('x').mean() gives; .sortby('x') only sorts");
}

TEST_CASE("labels of two kinds are not joined to nothing") {
  DataArray by_day = series();
  DataArray by_number = make_data_array(line<double>("time", {1, 2}), {{"time", line<std::int64_t>("time", {1, 2})}});
  CHECK(message([&] { binary(Op::add, by_day, by_number); }) ==
        "the labels of 'time' are datetime64[ns] in one operand and int64 in the other, so none of them can be equal; give both the same "
        "kind, such as by assign_coords");
  DataArray noleap = by_number;
  noleap.coords.find("time")->data = constant(NdArray::from<std::int64_t>({1, 2}).viewed_as(DType::cftime));
  noleap.coords.find("time")->calendar = calendar::Calendar::noleap;
  DataArray days_360 = noleap;
  days_360.coords.find("time")->calendar = calendar::Calendar::day360;
  CHECK(holds(as_array(binary(Op::add, noleap, noleap)), numbers({2, 4})));
  CHECK(message([&] { binary(Op::add, noleap, days_360); }) ==
        "the dates of 'time' are of the calendar noleap in one operand and 360_day in the other; give both the same labels, such as by "
        "assign_coords");
}

TEST_CASE("merge joins indexes as it is told") {
  const DataArray a = row("a", {1, 2}, {1, 2});
  const DataArray b = row("b", {2, 3}, {3, 4});
  const auto joined = [&](const std::string& join) { return values_of(get(merge({a, b}, {.join = join}), "b")); };
  CHECK(identical(joined("inner"), numbers({3})));
  CHECK(identical(joined("left"), numbers({missing, 3})));
  CHECK(identical(joined("right"), numbers({3, 4})));
  CHECK(identical(joined("outer"), numbers({missing, 3, 4})));
  CHECK(message([&] { merge({a, b}, {.join = "exact"}); }).starts_with("the labels of dimension 'x' differ between the operands"));
}

TEST_CASE("groups count variables without the grouped dim as one value each") {
  Dataset x = to_dataset(series());
  x.variables.set("height", line<double>("z", {7, missing}));
  const Dataset counted = std::get<Dataset>(reduce(groupby(x, "time.month"), ReduceOp::count));
  CHECK(identical(values_of(*counted.variables.find("height")), NdArray::from<std::int64_t>({1, 0, 1, 0, 1, 0}, {3, 2})));
}

TEST_CASE("concat along an old dim, a new one and a scalar coordinate") {
  const DataArray a = row("a", {1, 2}, {1, 2});
  const DataArray b = row("a", {3}, {3});
  const DataArray old_dim = concat({a, b}, "x");
  CHECK(holds(old_dim, numbers({1, 2, 3})));
  CHECK(identical(values_of(*old_dim.index("x")), NdArray::from(std::vector<std::int64_t>{1, 2, 3})));
  const DataArray new_dim = concat({a, a}, "run");
  CHECK(new_dim.dims() == Names{"run", "x"});
  CHECK(holds(new_dim, NdArray::from(std::vector<double>{1, 2, 1, 2}, {2, 2})));
  const DataArray scalars = concat({isel(a, {{"x", s(std::int64_t{1})}}), isel(a, {{"x", s(std::int64_t{0})}})}, "x");
  CHECK(holds(scalars, numbers({2, 1})));
}

TEST_CASE("files are put together along the dim that differs, sorted by it") {
  const auto file = [](const std::vector<std::int64_t>& x, const std::vector<double>& values) {
    Dataset made = to_dataset(row("a", x, values));
    made.variables.set("y", line<double>("y", {5, 6}));
    made.coord_names.insert("y");
    made.variables.set("fixed", line<double>("y", {7, 8}));
    return made;
  };
  const Dataset all = combine_by_coords({file({3, 4}, {3, 4}), file({1, 2}, {1, 2})}, {"b.nc", "a.nc"});
  CHECK(holds(get(all, "a"), numbers({1, 2, 3, 4})));
  CHECK(get(all, "fixed").dims() == Names{"x", "y"});
  CHECK(message([&] { combine_by_coords({file({1}, {1}), file({1}, {1})}, {"a.nc", "b.nc"}); }) ==
        "cannot combine 'a.nc' and 'b.nc' by coordinates: their labels are the same along every dim; use "
        "combine='nested' with concat_dim");
}

TEST_CASE("merge keeps variables of all and refuses conflicts") {
  const Dataset merged = merge({row("a", {1, 2}, {1, 2}), row("b", {2}, {5})});
  CHECK(holds(get(merged, "b"), numbers({missing, 5})));
  CHECK_THROWS_AS(merge({row("a", {1}, {1}), row("a", {1}, {2})}), UsageError);
}

TEST_CASE("an unknown variable is an error that lists what there is") {
  CHECK(message([] { get(to_dataset(series()), "tas"); }) == "no variable 'tas' in the dataset; it has: 't', 'time'");
}

TEST_CASE("transposing, renaming, expanding and squeezing carry coordinates along") {
  DataArray a = make_data_array(make_variable({"y", "x"}, NdArray::from(std::vector<double>{1, 2, 3, 4}, {2, 2})),
                                {{"x", line<double>("x", {7, 8})}}, "a");
  CHECK(holds(transpose(a, {}), NdArray::from(std::vector<double>{1, 3, 2, 4}, {2, 2})));
  CHECK(transpose(a, {"...", "y"}).dims() == Names{"x", "y"});
  CHECK(rename(a, Renaming{{"x", "lon"}}).coords.names() == Names{"lon"});
  CHECK(expand_dims(a, {{"run", 3}}).shape() == Shape{3, 2, 2});
  CHECK(squeeze(expand_dims(a, {{"run", 1}})).dims() == Names{"y", "x"});
  CHECK(holds(sortby(isel(a, {{"y", s(std::int64_t{0})}}), "x", false), numbers({2, 1})));
}

TEST_CASE("date components keep the coordinates and take the component's name") {
  const DataArray month = coordinate(series(), "time.month");
  CHECK(month.name == "month");
  CHECK(holds(month, NdArray::from(std::vector<std::int64_t>{1, 2, 3, 1, 2})));
  CHECK(month.coords.names() == Names{"time"});
  const DataArray winter = as_array(binary(Op::equal, coordinate(series(), "time.season"), text("DJF")));
  CHECK(holds(isel(series(), {{"time", winter}}), numbers({1, 2, 4, 5})));
}

TEST_CASE("dates subtract to durations and divide to numbers") {
  const DataArray time = coordinate(series(), "time");
  const DataArray since = as_array(binary(Op::subtract, time, isel(time, {{"time", s(std::int64_t{0})}})));
  CHECK(since.dtype() == DType::timedelta64);
  CHECK(holds(as_array(binary(Op::divide, since, NdArray::scalar(day).viewed_as(DType::timedelta64))),
              numbers({0, 31, 59, 365, 396})));
}

TEST_CASE("ufuncs go by NumPy's names, keep attributes and count their operands") {
  DataArray a = make_data_array(line<std::int64_t>("x", {-3, 4}));
  a.variable.attrs.set("units", std::string("m"));
  CHECK(holds(as_array(ufunc("hypot", {a, s(std::int64_t{4})})), numbers({5, std::sqrt(32.0)})));
  CHECK(holds(as_array(ufunc("abs", {a})), NdArray::from(std::vector<std::int64_t>{3, 4})));
  CHECK(holds(as_array(ufunc("logical_not", {binary(Op::greater, a, s(std::int64_t{0}))})),
              NdArray::from(std::vector<bool>{true, false})));
  CHECK(as_array(ufunc("minimum", {s(std::int64_t{0}), a})).attrs().contains("units"));
  CHECK(identical(std::get<NdArray>(ufunc("sqrt", {s(9.0)})), s(3.0)));
  CHECK(message([&] { ufunc("arctan2", {a}); }) == "np.arctan2 takes 2 operands, not 1");
  CHECK_THROWS_AS(ufunc("polyfit", {a}), UnsupportedError);
}
