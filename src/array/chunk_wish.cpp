#include <algorithm>
#include <cmath>

#include "array/alignment.hpp"
#include "array/reshape.hpp"
#include "base/error.hpp"

namespace rankine::array {
namespace {

/// What blocks of "auto" aim at: large enough to keep tasks few, small enough for many to be in flight.
constexpr std::int64_t automatic_block_bytes = std::int64_t{64} << 20;

Variable wished(const Variable& variable, const ChunkWish& wish) {
  if (variable.ndim() == 0 || is_constant(variable.data)) return variable;
  Shape chunks(variable.shape().size(), 0);
  if (wish.automatic) {
    // The leading axes are cut first: they are the slow ones in memory and usually time.
    std::int64_t budget = std::max<std::int64_t>(
        1, automatic_block_bytes / static_cast<std::int64_t>(size_of(variable.dtype())));
    for (std::size_t k = chunks.size(); k-- > 0;) {
      const std::int64_t extent = std::max<std::int64_t>(1, variable.shape()[k]);
      chunks[k] = std::clamp<std::int64_t>(budget, 1, extent);
      budget = std::max<std::int64_t>(1, budget / chunks[k]);
    }
  }
  for (std::size_t k = 0; k < chunks.size(); ++k) {
    std::optional<std::int64_t> asked = wish.every_dim;
    for (const auto& [dim, extent] : wish.by_dim)
      if (dim == variable.dims[k]) asked = extent;
    if (!asked) continue;
    const std::int64_t extent = std::max<std::int64_t>(1, variable.shape()[k]);
    chunks[k] = *asked == -1 ? extent : std::min(*asked, extent);
  }
  return with_data(variable, rechunk(variable.data, chunks));
}

void check(const ChunkWish& wish, const std::vector<std::string>& dims) {
  const auto check_extent = [](std::int64_t extent, const std::string& what) {
    if (extent != -1 && extent < 1)
      throw UsageError("a chunk size" + what + " must be positive, or -1 for the whole dimension, not " +
                       std::to_string(extent));
  };
  if (wish.every_dim) check_extent(*wish.every_dim, "");
  for (const auto& [dim, extent] : wish.by_dim) {
    if (std::find(dims.begin(), dims.end(), dim) == dims.end())
      throw UsageError("cannot chunk along '" + dim + "': the dims are " + format_names(dims));
    check_extent(extent, " along '" + dim + "'");
  }
}

}  // namespace

DataArray chunk(const DataArray& x, const ChunkWish& wish) {
  check(wish, x.dims());
  DataArray out = x;
  out.variable = wished(x.variable, wish);
  return out;
}

Dataset chunk(const Dataset& x, const ChunkWish& wish) {
  check(wish, names_of(x.sizes()));
  Dataset out = x;
  for (auto& [name, variable] : out.variables)
    if (!x.is_coord(name)) variable = wished(variable, wish);
  return out;
}

}  // namespace rankine::array
