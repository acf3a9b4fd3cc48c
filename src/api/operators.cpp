#include "rankine/operators.hpp"

#include "api/convert.hpp"
#include "array/combine.hpp"
#include "base/error.hpp"

namespace rankine {
namespace {

kernel::Op kernel_op(Operation operation) {
  switch (operation) {
    case Operation::add: return kernel::Op::add;
    case Operation::subtract: return kernel::Op::subtract;
    case Operation::multiply: return kernel::Op::multiply;
    case Operation::divide: return kernel::Op::divide;
    case Operation::equal: return kernel::Op::equal;
    case Operation::not_equal: return kernel::Op::not_equal;
    case Operation::less: return kernel::Op::less;
    case Operation::less_equal: return kernel::Op::less_equal;
    case Operation::greater: return kernel::Op::greater;
    case Operation::greater_equal: return kernel::Op::greater_equal;
    case Operation::bitwise_and: return kernel::Op::bitwise_and;
    case Operation::bitwise_or: return kernel::Op::bitwise_or;
  }
  throw UsageError("no such operation");
}

}  // namespace

template <LabelledValue T>
T binary(Operation operation, const Operand& left, const Operand& right) {
  return api::wrap_as<T>(array::binary(kernel_op(operation), api::operand(left), api::operand(right)));
}

template <LabelledValue T>
T binary(Operation operation, const GroupBy<T>& group, const T& other) {
  return api::wrap_as<T>(array::binary(kernel_op(operation), group.held(), array::Labelled(other.held())));
}

template <LabelledValue T>
T ufunc(const std::string& name, const std::vector<Operand>& operands) {
  std::vector<array::Operand> inner;
  for (const auto& operand : operands) inner.push_back(api::operand(operand));
  return api::wrap_as<T>(array::ufunc(name, inner));
}

DataArray where(const DataArray& condition, const Operand& x, const Operand& y) {
  return api::wrap_as<DataArray>(array::where3(condition.held(), api::operand(x), api::operand(y)));
}

DataArray concat(const std::vector<DataArray>& parts, const std::string& dim) {
  std::vector<array::DataArray> inner;
  for (const auto& part : parts) inner.push_back(part.held());
  return api::wrap(array::concat(inner, dim));
}

Dataset concat(const std::vector<Dataset>& parts, const std::string& dim) {
  std::vector<array::Dataset> inner;
  for (const auto& part : parts) inner.push_back(part.held());
  return api::wrap(array::concat(inner, dim));
}

Dataset merge(const std::vector<Dataset>& parts) {
  std::vector<array::Labelled> inner;
  for (const auto& part : parts) inner.emplace_back(part.held());
  return api::wrap(array::merge(inner));
}

template DataArray binary<DataArray>(Operation, const Operand&, const Operand&);
template Dataset binary<Dataset>(Operation, const Operand&, const Operand&);
template DataArray binary<DataArray>(Operation, const GroupBy<DataArray>&, const DataArray&);
template Dataset binary<Dataset>(Operation, const GroupBy<Dataset>&, const Dataset&);
template DataArray ufunc<DataArray>(const std::string&, const std::vector<Operand>&);
template Dataset ufunc<Dataset>(const std::string&, const std::vector<Operand>&);

}  // namespace rankine
