#include "script/bindings.hpp"

namespace rankine::script {

namespace {

// Every public name of xarray 2023.01's classes and of Python's builtins. Those that no other part of the table
// binds are known and not supported, which keeps them apart from names of variables and coordinates.

constexpr const char* data_array_names[] = {
    "T", "all", "any", "argmax", "argmin", "argsort", "as_numpy", "assign_attrs", "assign_coords", "astype",
    "attrs", "bfill", "broadcast_equals", "broadcast_like", "chunk", "chunks", "chunksizes", "clip",
    "close", "coarsen", "combine_first", "compute", "conj", "conjugate", "convert_calendar", "coords",
    "copy", "count", "cumprod", "cumsum", "cumulative_integrate", "curvefit", "data", "diff",
    "differentiate", "dims", "dot", "drop", "drop_duplicates", "drop_indexes", "drop_isel", "drop_sel",
    "drop_vars", "dropna", "dt", "dtype", "encoding", "equals", "expand_dims", "ffill", "fillna",
    "from_cdms2", "from_dict", "from_iris", "from_series", "get_axis_num", "get_index", "groupby",
    "groupby_bins", "head", "identical", "idxmax", "idxmin", "imag", "indexes", "integrate", "interp",
    "interp_calendar", "interp_like", "interpolate_na", "isel", "isin", "isnull", "item", "load", "loc",
    "map_blocks", "max", "mean", "median", "min", "name", "nbytes", "ndim", "notnull", "pad", "persist",
    "pipe", "plot", "polyfit", "prod", "quantile", "query", "rank", "real", "reduce", "reindex",
    "reindex_like", "rename", "reorder_levels", "resample", "reset_coords", "reset_index", "roll",
    "rolling", "rolling_exp", "round", "searchsorted", "sel", "set_close", "set_index", "set_xindex",
    "shape", "shift", "size", "sizes", "sortby", "squeeze", "stack", "std", "str", "sum", "swap_dims",
    "tail", "thin", "to_cdms2", "to_dataframe", "to_dataset", "to_dict", "to_index", "to_iris",
    "to_masked_array", "to_netcdf", "to_numpy", "to_pandas", "to_series", "to_unstacked_dataset",
    "transpose", "unify_chunks", "unstack", "values", "var", "variable", "weighted", "where", "xindexes"};

constexpr const char* dataset_names[] = {
    "all", "any", "apply", "argmax", "argmin", "argsort", "as_numpy", "assign", "assign_attrs",
    "assign_coords", "astype", "attrs", "bfill", "broadcast_equals", "broadcast_like", "chunk", "chunks",
    "chunksizes", "clip", "close", "coarsen", "combine_first", "compute", "conj", "conjugate",
    "convert_calendar", "coords", "copy", "count", "cumprod", "cumsum", "cumulative_integrate", "curvefit",
    "data_vars", "diff", "differentiate", "dims", "drop", "drop_dims", "drop_duplicates", "drop_indexes",
    "drop_isel", "drop_sel", "drop_vars", "dropna", "dtypes", "dump_to_store", "encoding", "equals",
    "expand_dims", "ffill", "fillna", "filter_by_attrs", "from_dataframe", "from_dict", "get", "get_index",
    "groupby", "groupby_bins", "head", "identical", "idxmax", "idxmin", "imag", "indexes", "info",
    "integrate", "interp", "interp_calendar", "interp_like", "interpolate_na", "isel", "isin", "isnull",
    "items", "keys", "load", "load_store", "loc", "map", "map_blocks", "max", "mean", "median", "merge",
    "min", "nbytes", "notnull", "pad", "persist", "pipe", "plot", "polyfit", "prod", "quantile", "query",
    "rank", "real", "reduce", "reindex", "reindex_like", "rename", "rename_dims", "rename_vars",
    "reorder_levels", "resample", "reset_coords", "reset_index", "roll", "rolling", "rolling_exp", "round",
    "sel", "set_close", "set_coords", "set_index", "set_xindex", "shift", "sizes", "sortby", "squeeze",
    "stack", "std", "sum", "swap_dims", "tail", "thin", "to_array", "to_dask_dataframe", "to_dataframe",
    "to_dict", "to_netcdf", "to_pandas", "to_stacked_array", "to_zarr", "transpose", "unify_chunks",
    "unstack", "update", "values", "var", "variables", "weighted", "where", "xindexes"};

constexpr const char* xarray_names[] = {
    "ALL_DIMS", "CFTimeIndex", "Context", "Coordinate", "DataArray", "Dataset", "IndexVariable",
    "MergeError", "SerializationWarning", "Variable", "align", "apply_ufunc", "as_variable", "broadcast",
    "cftime_range", "combine_by_coords", "combine_nested", "concat", "corr", "cov", "cross", "date_range",
    "date_range_like", "decode_cf", "dot", "full_like", "get_options", "infer_freq", "load_dataarray",
    "load_dataset", "map_blocks", "merge", "ones_like", "open_dataarray", "open_dataset", "open_mfdataset",
    "open_rasterio", "open_zarr", "plot", "polyval", "register_dataarray_accessor",
    "register_dataset_accessor", "save_mfdataset", "set_options", "show_versions", "unify_chunks", "where",
    "zeros_like"};

constexpr const char* groupby_names[] = {
    "all", "any", "apply", "assign_coords", "count", "cumprod", "cumsum", "dims", "fillna", "first",
    "groups", "last", "map", "max", "mean", "median", "min", "prod", "quantile", "reduce", "sizes", "std",
    "sum", "var", "where"};

constexpr const char* resample_names[] = {
    "all", "any", "apply", "asfreq", "assign_coords", "backfill", "bfill", "count", "cumprod", "cumsum",
    "dims", "ffill", "fillna", "first", "groups", "interpolate", "last", "map", "max", "mean", "median",
    "min", "nearest", "pad", "prod", "quantile", "reduce", "sizes", "std", "sum", "var", "where"};

constexpr const char* weighted_names[] = {
    "mean", "obj", "quantile", "std", "sum", "sum_of_squares", "sum_of_weights", "var", "weights"};

constexpr const char* datetime_names[] = {
    "calendar", "ceil", "date", "day", "dayofweek", "dayofyear", "days_in_month", "daysinmonth", "floor",
    "hour", "is_leap_year", "is_month_end", "is_month_start", "is_quarter_end", "is_quarter_start",
    "is_year_end", "is_year_start", "isocalendar", "microsecond", "minute", "month", "nanosecond",
    "quarter", "round", "season", "second", "strftime", "time", "week", "weekday", "weekday_name",
    "weekofyear", "year"};

constexpr const char* text_names[] = {
    "capitalize", "casefold", "center", "count", "encode", "endswith", "expandtabs", "find", "format",
    "format_map", "index", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier",
    "islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper", "join", "ljust", "lower",
    "lstrip", "maketrans", "partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex",
    "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith", "strip", "swapcase",
    "title", "translate", "upper", "zfill"};

constexpr const char* list_names[] = {
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"};

constexpr const char* dict_names[] = {
    "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"};

constexpr const char* builtin_names[] = {
    "abs", "aiter", "all", "anext", "any", "ascii", "bin", "bool", "breakpoint", "bytearray", "bytes",
    "callable", "chr", "classmethod", "compile", "complex", "delattr", "dict", "dir", "divmod", "enumerate",
    "eval", "exec", "exit", "filter", "float", "format", "frozenset", "getattr", "globals", "hasattr",
    "hash", "help", "hex", "id", "input", "int", "isinstance", "issubclass", "iter", "len", "list",
    "locals", "map", "max", "memoryview", "min", "next", "object", "oct", "open", "ord", "pow", "print",
    "property", "range", "repr", "reversed", "round", "set", "setattr", "slice", "sorted", "staticmethod",
    "str", "sum", "super", "tuple", "type", "vars", "zip"};

template <std::size_t N>
void add_names(BindingTable& table, Type owner, const char* const (&names)[N]) {
  for (const char* name : names) {
    if (table.find(owner, name) != nullptr) continue;
    Binding binding{};
    binding.owner = owner;
    binding.name = name;
    binding.kind = Binding::Kind::unsupported;
    table.add(std::move(binding));
  }
}

}  // namespace

void add_unsupported_names(BindingTable& table) {
  add_names(table, Type::data_array, data_array_names);
  add_names(table, Type::dataset, dataset_names);
  add_names(table, Type::xarray, xarray_names);
  for (const Type type : {Type::data_array_groupby, Type::dataset_groupby}) add_names(table, type, groupby_names);
  for (const Type type : {Type::data_array_resample, Type::dataset_resample}) add_names(table, type, resample_names);
  for (const Type type : {Type::data_array_weighted, Type::dataset_weighted}) add_names(table, type, weighted_names);
  add_names(table, Type::datetime_accessor, datetime_names);
  add_names(table, Type::text, text_names);
  add_names(table, Type::list, list_names);
  add_names(table, Type::dict, dict_names);
  add_names(table, Type::builtins, builtin_names);
}

}  // namespace rankine::script
