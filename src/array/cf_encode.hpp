#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "array/dataset.hpp"
#include "array/loader.hpp"
#include "array/output_spec.hpp"

namespace rankine::array {

/// Keyword arguments of to_netcdf and to_zarr.
struct EncodeOptions {
  std::string path;
  OutputFormat format = OutputFormat::netcdf4;
  WriteMode mode = WriteMode::w;
  /// `encoding=`: per variable, replacing the variable's own encoding as a whole, as xarray does.
  /// A value that Python gives as None is an empty std::vector<std::string>.
  std::map<std::string, Attributes> encoding;
  /// `unlimited_dims=`; absent: those of the dataset's encoding.
  std::optional<std::vector<std::string>> unlimited_dims;
  bool consolidated = true;
  std::string group;                 ///< Zarr: where in the store
  /// Appended as first line of the global attribute `history` if not empty.
  std::string history;
  /// The block shape that a lazily written variable will be computed in; used as chunk shape where the
  /// encoding names none (Zarr always, NetCDF-4 where compression or unlimited dims ask for chunks).
  /// Not set or an empty answer: one chunk.
  std::function<Shape(const std::string& name, const Variable& variable)> suggested_chunks;
  /// Whether stored chunks of an input go into `variable` as they are when `values` are written. Where they do not,
  /// what is written is encoded anew, and small chunks that came along with the input's encoding (less than 4 MiB,
  /// more than one) give way to suggested ones. Not set: chunks that came along are kept.
  std::function<bool(const ExprPtr& values, const OutputVariable& variable)> is_moved;
  /// Variables that are written into a store which has them: their encoding is the store's, and cannot be changed.
  std::set<std::string> in_store;
  /// Told, a line each, where an encoding that came along from a file was changed because it would lose values.
  std::function<void(const std::string&)> note;
};

/// What is to be written: spec.variables[i] is computed from lazy[i], which is null where
/// spec.variables[i].value is set. The expressions have the stored dtype and the variable's shape.
struct EncodedDataset {
  OutputSpec spec;
  std::vector<ExprPtr> lazy;
};

/// CF encoding as xarray 2023.01 does it on the way to to_netcdf and to_zarr: times and durations to
/// numbers with units, packing (subtract, divide, fill, round, cast), _FillValue, bool to int8,
/// `coordinates` attributes, bounds without the attributes of their parent, NetCDF-3 dtypes.
/// Constant variables and times become values; everything else stays lazy.
/// `load` is asked for times that are not constant. Throws UsageError for unknown encoding keys, for
/// conflicting fill values and for what the format cannot hold.
EncodedDataset encode_dataset(const Dataset& dataset, const EncodeOptions& options, const LoadFn& load);

}  // namespace rankine::array
