#pragma once

namespace rankine::array {

/// CF's attributes that name related variables (xarray's CF_RELATED_DATA): decode_coords="all" makes what they name
/// coordinates and keeps them as encoding; writing puts them back.
inline constexpr const char* related_data[] = {"bounds", "grid_mapping", "climatology", "geometry", "node_coordinates",
                                               "node_count", "part_node_count", "interior_ring", "cell_measures",
                                               "formula_terms"};

}  // namespace rankine::array
