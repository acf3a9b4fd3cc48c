#include <string>

#include "base/error.hpp"
#include "kernel/accumulator.hpp"
#include "kernel/instruction_set.hpp"
#include "kernel/reduce.hpp"

namespace rankine::kernel {
namespace {

std::string_view name_of(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum: return "sum";
    case ReduceOp::prod: return "prod";
    case ReduceOp::mean: return "mean";
    case ReduceOp::min: return "min";
    case ReduceOp::max: return "max";
    case ReduceOp::var: return "var";
    case ReduceOp::std: return "std";
    case ReduceOp::count: return "count";
    case ReduceOp::any: return "any";
    case ReduceOp::all: return "all";
  }
  return "?";
}

void check_supported(const ReduceSpec& spec) {
  const bool no_product = spec.op == ReduceOp::prod || spec.op == ReduceOp::var || spec.op == ReduceOp::std;
  const bool no_sum = spec.op == ReduceOp::sum && spec.input != DType::timedelta64;
  if (spec.input == DType::string || (is_time(spec.input) && (no_product || no_sum)))
    throw UnsupportedError(std::string(name_of(spec.op)) + " is not defined for " + rankine::name_of(spec.input) +
                           "; convert with astype first");
}

/// NumPy sums and multiplies integers in 64 bits of their signedness, bool as int64.
DType total_dtype(DType input) {
  if (is_float(input)) return DType::float64;
  return is_unsigned_integer(input) ? DType::uint64 : DType::int64;
}

bool is_whole(DType d) { return is_integer(d) || d == DType::boolean; }

}  // namespace

DType ReduceSpec::result_dtype() const {
  switch (op) {
    case ReduceOp::sum:
    case ReduceOp::prod:
      if (is_float(input) || is_time(input)) return input;
      return min_count > 0 ? DType::float64 : total_dtype(input);
    case ReduceOp::mean:
    case ReduceOp::var:
    case ReduceOp::std: return is_whole(input) ? DType::float64 : input;
    case ReduceOp::min:
    case ReduceOp::max: return input;
    case ReduceOp::count: return DType::int64;
    case ReduceOp::any:
    case ReduceOp::all: return DType::boolean;
  }
  return input;
}

bool keeps_count(const ReduceSpec& spec) {
  const bool totals = spec.op == ReduceOp::sum || spec.op == ReduceOp::prod;
  return totals && spec.min_count > 0 && (spec.skipna || is_whole(spec.input));
}

bool keeps_seen(const ReduceSpec& spec) {
  const bool extremum = spec.op == ReduceOp::min || spec.op == ReduceOp::max;
  return extremum && (is_whole(spec.input) || !spec.skipna);
}

std::vector<DType> partial_dtypes(const ReduceSpec& spec) {
  check_supported(spec);
  switch (spec.op) {
    case ReduceOp::sum:
    case ReduceOp::prod: {
      std::vector<DType> parts{total_dtype(spec.input)};
      if (keeps_count(spec)) parts.push_back(DType::int64);
      return parts;
    }
    case ReduceOp::mean:
      if (is_time(spec.input)) return {DType::int64, DType::int64, DType::int64};
      return {DType::float64, DType::int64};
    case ReduceOp::var:
    case ReduceOp::std: return {DType::int64, DType::float64, DType::float64};
    case ReduceOp::min:
    case ReduceOp::max:
      if (keeps_seen(spec)) return {spec.input, DType::boolean};
      return {spec.input};
    case ReduceOp::count: return {DType::int64};
    case ReduceOp::any:
    case ReduceOp::all: return {DType::boolean};
  }
  return {};
}

Accumulator find_accumulator(const ReduceSpec& spec) {
  check_supported(spec);
#ifdef __x86_64__
  if (machine_has_avx2()) return avx2::select_accumulator(spec);
#endif
  return baseline::select_accumulator(spec);
}

}  // namespace rankine::kernel
