#pragma once
#include <string>
#include <vector>

#include "store/hdf5/object_header.hpp"

namespace rankine::store {

struct Hdf5Link {
  enum class Kind : std::uint8_t { hard, soft, external, other };
  Kind kind = Kind::hard;
  std::string name;
  std::uint64_t creation_order = 0;
  std::uint64_t address = 0;    ///< hard: of the object's header
  std::string target;           ///< soft: a path in this file; external: FILE:PATH
};

/// True if the object is a group.
bool is_group(const ObjectHeader& header);
/// The links of a group, old or new, compact or dense: in the order of their creation where the group keeps it,
/// else by name. That is libhdf5's order, and so libnetcdf's order of variables.
/// Source: "HDF5 File Format Specification" version 3.0, III.B to III.D, IV.A.2.c, g and r.
std::vector<Hdf5Link> read_links(const Hdf5File& file, const ObjectHeader& group);

}  // namespace rankine::store
