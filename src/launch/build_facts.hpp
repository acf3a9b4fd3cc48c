#pragma once
#include <string>

namespace rankine::launch {

/// What this program was made of, a line a fact: version, commit, compiler, MPI, HDF5, NetCDF, codecs. For reports of faults.
std::string build_facts();

/// The MPI library's own words, in one line: "Open MPI v4.1.4, ...".
std::string mpi_version();

}  // namespace rankine::launch
