#ifndef RECURRENT_FUZZER_H
#define RECURRENT_FUZZER_H

#include <stddef.h>
#include <stdint.h>

/// What libFuzzer offers to a program that calls it.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *bytes, size_t count));
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t most);

#endif
