using Xunit;

// One test at a time: they count the process's descriptors and threads, and its models share two processors with their clients.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
