process COUNT {
    container params.count_image ?: 'docker.io/library/debian:12'

    input:
    tuple val(meta), path(index)

    output:
    tuple val(meta), path('count.txt')

    shell:
    '''
    wc -c !{index} > count.txt
    '''
}
