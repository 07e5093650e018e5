/* A disk that forgets what was not flushed, and that may refuse.

   Preloaded into a program. At each fsync and fdatasync of a file in the folder POWER_FOLDER the file's bytes are
   copied to the folder POWER_IMAGES, under the number of its inode: that is what is safe on the disk. So names are the
   file system's alone, as if each rename and removal had been written at once, and no kill falls between a file and
   its image. With POWER_LIES=1 a flush is acknowledged and nothing becomes safe. With POWER_REFUSES="17 3 5" the 17th
   write or flush and the two after it fail with errno 5, and a flush that fails makes nothing safe. Who ends the
   program puts the images back, and drops those of files that are gone. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_ours(const char *path)
{
    const char *folder = getenv("POWER_FOLDER");
    size_t length = folder ? strlen(folder) : 0;
    return getenv("POWER_IMAGES") && length && !strncmp(path, folder, length) && path[length] == '/';
}

static int path_of(int file, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return is_ours(path);
}

static int refused(int file)
{
    static long done;
    const char *wanted = getenv("POWER_REFUSES");
    char path[PATH_MAX];
    long first, count;
    int error;
    if (!wanted || sscanf(wanted, "%ld %ld %d", &first, &count, &error) != 3 || !path_of(file, path))
        return 0;
    long place = __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
    if (place < first || place >= first + count)
        return 0;
    errno = error;
    return 1;
}

static int image_of(const struct stat *found, char *image)
{
    return snprintf(image, PATH_MAX, "%s/%lu", getenv("POWER_IMAGES"), (unsigned long)found->st_ino) < PATH_MAX;
}

static void keep(int file)
{
    char path[PATH_MAX], image[PATH_MAX], fresh[PATH_MAX + 8], bytes[65536];
    struct stat found;
    if (getenv("POWER_LIES") || !path_of(file, path) || fstat(file, &found) || !S_ISREG(found.st_mode) ||
        !found.st_nlink || !image_of(&found, image))
        return;
    snprintf(fresh, sizeof fresh, "%s.fresh", image);
    int from = open(path, O_RDONLY | O_CLOEXEC), to = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t count = -1;
    while (from >= 0 && to >= 0 && (count = read(from, bytes, sizeof bytes)) > 0)
        if (write(to, bytes, count) != count)
            abort();
    if (count == 0 && rename(fresh, image))
        abort();
    close(from);
    close(to);
}

/* A number is given to another file once its own is gone. */
static int is_last(const char *path, struct stat *found)
{
    return is_ours(path) && !lstat(path, found) && S_ISREG(found->st_mode) && found->st_nlink == 1;
}

static void drop(const struct stat *gone)
{
    static int (*real)(const char *);
    char image[PATH_MAX];
    if (!real)
        real = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    if (image_of(gone, image))
        real(image);
}

int fsync(int file)
{
    if (refused(file))
        return -1;
    keep(file);
    return 0;
}

int fdatasync(int file)
{
    return fsync(file);
}

ssize_t write(int file, const void *bytes, size_t count)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (!real)
        real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return refused(file) ? -1 : real(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real)
        real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    return refused(file) ? -1 : real(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real)
        real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return refused(file) ? -1 : real(file, bytes, count, at);
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    struct stat moved, replaced;
    if (!real)
        real = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    int is_gone = is_last(to, &replaced) && !lstat(from, &moved) && moved.st_ino != replaced.st_ino;
    int failed = real(from, to);
    if (!failed && is_gone)
        drop(&replaced);
    return failed;
}

int unlink(const char *path)
{
    static int (*real)(const char *);
    struct stat gone;
    if (!real)
        real = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    int is_gone = is_last(path, &gone);
    int failed = real(path);
    if (!failed && is_gone)
        drop(&gone);
    return failed;
}
