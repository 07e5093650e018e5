/* A disk that forgets what was not flushed.

   Preloaded into a program. At each fsync and fdatasync of a file in the folder POWER_FOLDER the file's bytes are
   copied to the folder POWER_IMAGES, under the same name: that is what is safe on the disk. Renames and removals are
   carried over at once, as if the file system had written them. With POWER_LIES=1 a flush is acknowledged and nothing
   becomes safe. Who ends the program puts the images back. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int image_of(const char *path, char *image)
{
    const char *folder = getenv("POWER_FOLDER"), *images = getenv("POWER_IMAGES");
    size_t length = folder ? strlen(folder) : 0;
    if (!images || strncmp(path, folder, length) || path[length] != '/')
        return 0;
    return snprintf(image, PATH_MAX, "%s/%s", images, path + length + 1) < PATH_MAX;
}

static void keep(int file)
{
    char link[64], path[PATH_MAX], image[PATH_MAX], fresh[PATH_MAX + 8], bytes[65536];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || getenv("POWER_LIES"))
        return;
    path[length] = 0;
    if (!image_of(path, image))
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

int fsync(int file)
{
    keep(file);
    return 0;
}

int fdatasync(int file)
{
    keep(file);
    return 0;
}

int rename(const char *from, const char *to)
{
    static int (*real)(const char *, const char *);
    char before[PATH_MAX], after[PATH_MAX];
    if (!real)
        real = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    int failed = real(from, to);
    if (!failed && image_of(from, before) && image_of(to, after) && real(before, after))
        unlink(after); /* it was never flushed under its first name either */
    return failed;
}

int unlink(const char *path)
{
    static int (*real)(const char *);
    char image[PATH_MAX];
    if (!real)
        real = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    int failed = real(path);
    if (!failed && image_of(path, image))
        real(image);
    return failed;
}
