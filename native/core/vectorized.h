// Functions that are compiled once for each generation of processors.
#pragma once

// One build serves every x86-64: the loader picks the clone that this processor runs best.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define TALLYTREE_VECTORIZED __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define TALLYTREE_VECTORIZED
#endif
