#pragma once
#include "array/dataset.hpp"

namespace rankine::array {

/// Operators and NumPy ufuncs with two operands, with broadcasting by dim name and an inner join of
/// indexes. kernel::Op::divide is true division (integers give float64). Attributes are dropped by the
/// operators unless `keep_attrs`, which keeps those of the first labelled operand.
Operand binary(kernel::Op op, const Operand& left, const Operand& right, bool keep_attrs = false);
/// -x, ~x, abs(x) ...: attributes are kept unless the script says otherwise, as xarray keeps them.
Operand unary(kernel::Op op, const Operand& operand, bool keep_attrs = true);
/// A NumPy ufunc by name ("sqrt", "arctan2", "abs", "power", "logical_and", "mod", "nan_to_num" is not one ...).
/// Throws UnsupportedError for unknown names, UsageError for a wrong number of operands.
Operand ufunc(const std::string& name, const std::vector<Operand>& operands, bool keep_attrs = true);
bool is_ufunc(const std::string& name);

/// da.round(decimals) and np.round.
Operand round(const Operand& operand, int decimals = 0, bool keep_attrs = true);
/// x.where(cond, other): NaN (or `other`) where cond is false. Keeps the attributes of x.
Operand where(const Operand& x, const Operand& cond, const std::optional<Operand>& other = {});
/// x.where(cond, drop=True): crops to the box in which cond is anywhere true (cond is loaded).
Operand where_drop(const Operand& x, const Operand& cond);
/// xr.where(cond, x, y); keep_attrs takes those of x, of its variables and coordinates.
Operand where3(const Operand& cond, const Operand& x, const Operand& y, bool keep_attrs = false);
Operand fillna(const Operand& x, const Operand& value);
Operand clip(const Operand& x, const std::optional<Operand>& min, const std::optional<Operand>& max,
             std::optional<bool> keep_attrs = {});
Operand isnull(const Operand& x, std::optional<bool> keep_attrs = {});
Operand notnull(const Operand& x, std::optional<bool> keep_attrs = {});
Operand astype(const Operand& x, DType dtype, bool keep_attrs = true);
/// x.isin([...]): `values` of any shape, known now.
Operand isin(const Operand& x, const NdArray& values, bool keep_attrs = false);

}  // namespace rankine::array
