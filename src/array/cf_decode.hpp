#pragma once
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "array/dataset.hpp"
#include "array/loader.hpp"
#include "calendar/time_units.hpp"

namespace rankine::array {

/// decode_coords=: which variables become coordinates beside those that are named like a dim. listed: True or
/// "coordinates", those of the attributes `coordinates`; all: those of grid_mapping, bounds and their kin as well.
enum class DecodeCoords : std::uint8_t { none, listed, all };

/// Keyword arguments of xr.open_dataset.
struct DecodeOptions {
  bool decode_cf = true;            ///< false: none of the below (coordinates stay data variables)
  bool mask_and_scale = true;
  bool decode_times = true;
  bool decode_timedelta = true;     ///< xarray's default: as decode_times; has no effect without it
  DecodeCoords decode_coords = DecodeCoords::listed;
  calendar::UseCftime use_cftime = calendar::UseCftime::auto_detect;
  std::set<std::string> drop_variables;
  /// Told what xarray warns of; may be empty.
  std::function<void(const std::string&)> note = {};
};

/// A stored dataset as xarray 2023.01 `open_dataset` gives it: masked, scaled, with times, attributes
/// moved to `encoding`, coordinates told apart. Decoding is ordinary Expr nodes over a Source, which the
/// planner fuses into the reader; results are bit-identical to NumPy's. `load` is asked for the values
/// of index coordinates (kept as constants), for the first and last number of other times, and for
/// floating-point times that only cftime's extended precision decodes.
/// Variables that cannot be read (StoredVariable::note, texts of an unknown encoding) are left out. Numbers whose attributes
/// cannot be decoded stay, but whoever reads them is told (StoredArray::refusal): the others of the file are none the worse.
/// Throws InputError naming the variable, file and attribute where it is an index, which must be known.
Dataset decode_catalogue(const Catalogue& catalogue, const DecodeOptions& options, const LoadFn& load);

/// One variable alone (names for messages).
Variable decode_variable(const std::string& name, Variable variable, const DecodeOptions& options, const LoadFn& load);

/// The variable as stored: a Source (or, for strings, a Constant), attributes and encoding of the file.
/// Throws UnsupportedError if it cannot be read (compound and the like).
Variable stored_variable(const StoredVariable& variable, const std::string& path);

}  // namespace rankine::array
