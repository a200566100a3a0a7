module.exports = { github: 'ghp_A7kQ2zX9mW4vT8pL1nR6yB3cD5fG0hJs2KuE' };
