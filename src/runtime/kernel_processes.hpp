#pragma once

namespace rankine::runtime {

/// From now on user kernels run in processes of their own, one for each thread that calls them: a kernel that crashes, or
/// ends its process, costs its task and nothing else, and the thread gets another process. Inputs and output go through
/// memory that both share, which costs two copies and is beside the memory limit.
/// To be called when plugins are loaded, before MPI starts and before there are threads: the processes are forked from
/// one that is forked here. They end with this one, whatever ends it. Throws Error(resources) where nothing can be forked.
void isolate_user_kernels();

}  // namespace rankine::runtime
