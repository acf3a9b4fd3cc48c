#pragma once
#include <mpi.h>

#include <string>

#include "transport/transport.hpp"

namespace rankine::transport {

/// MPI's own words for an error code.
inline std::string mpi_error_text(int code) {
  char text[MPI_MAX_ERROR_STRING] = {};
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) return "MPI error " + std::to_string(code);
  return std::string(text, static_cast<std::size_t>(length));
}

/// Turns an MPI status into an exception: `doing` says what, for example "sending 80 bytes to rank 3".
template <typename Doing>
void check_mpi(int code, Doing&& doing) {
  if (code == MPI_SUCCESS) return;
  throw TransportError("MPI failed when " + std::string(doing()) + ": " + mpi_error_text(code));
}

}  // namespace rankine::transport
