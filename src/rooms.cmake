# Rooms in the order in which they may know each other. The pure ones link no MPI, file or thread.
pkg_check_modules(DEFLATE REQUIRED IMPORTED_TARGET libdeflate)
pkg_check_modules(ZSTD IMPORTED_TARGET libzstd)
pkg_check_modules(LZ4 IMPORTED_TARGET liblz4)
pkg_check_modules(BLOSC IMPORTED_TARGET blosc)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)

rankine_room(base)
rankine_room(grid ROOMS base)
rankine_room(calendar ROOMS base)
rankine_room(codec ROOMS base)
rankine_room(kernel ROOMS base grid)
