version 1.1

# Aligns reads and sorts what comes out.
workflow align {
    input {
        File reads
        File reference
        String samtools_image = "quay.io/biocontainers/samtools:1.17--h00cdaf9_0"
    }

    call bwa_mem { input: reads, reference }
    call sort { input: alignment = bwa_mem.alignment, docker = samtools_image }

    output {
        File sorted = sort.sorted
    }
}

task bwa_mem {
    input {
        File reads
        File reference
    }

    command <<<
        bwa mem ~{reference} ~{reads} > alignment.sam
    >>>

    output {
        File alignment = "alignment.sam"
    }

    runtime {
        container: "quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8"
        cpu: 4
        memory: "8 GiB"
    }
}

task sort {
    input {
        File alignment
        String docker
    }

    command <<<
        samtools sort -o sorted.bam ~{alignment}
    >>>

    output {
        File sorted = "sorted.bam"
    }

    runtime {
        container: docker
        cpu: 2
        memory: "4 GiB"
    }
}
