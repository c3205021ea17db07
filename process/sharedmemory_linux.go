package process

// blockDir is where shm_open(3) has its names.
const blockDir = "/dev/shm"
